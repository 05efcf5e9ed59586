import type { Freshness } from '@paceline/client';
import {
  countdown,
  freshEndText,
  isPlanned,
  reasonText,
  shortTime,
  shortTimeNear,
} from '@paceline/client/text';
import { classNames, freshnessClasses } from '@paceline/shared/definition';
import { timeAxis, truncate } from '../parts/layout.ts';
import { utcText, wholeDuration } from '../parts/zone.ts';

type NextCall = Freshness['nextCalls'][number];

export type PlanBandShape = ReturnType<typeof layoutPlan>['bands'][number];
export type PlannedShape = PlanBandShape['calls'][number];
export type AgeShape = ReturnType<typeof layoutAges>[number];

const hour = 3_600_000;
const headHeight = 24;
export const rowHeight = 18;
const gap = 8;

/** The planned calls of the next hour, one band per class and in it one row per call. */
export function layoutPlan({ nextCalls }: Freshness, now: number, width: number) {
  const planned = nextCalls.filter(isPlanned);
  const to = Math.max(now + hour, ...planned.map(({ plannedAt }) => Date.parse(plannedAt)));
  const axis = timeAxis(now, to, width);
  let y = 0;
  const bands = classNames.map((name) => {
    const top = y + headHeight;
    const calls = planned
      .filter((call) => call.class === name)
      .map((call, row) => {
        const { eventId, title, startsAt, plannedAt, freshUntil, reason } = call;
        const x = axis.x(Date.parse(plannedAt));
        const endsAt = Math.min(Date.parse(freshUntil), Date.parse(startsAt));
        // Beside the longer half of the row, so that there is room for the title.
        const isBefore = x > width / 2;
        return {
          key: `${eventId} ${plannedAt}`,
          eventId,
          y: top + row * rowHeight,
          x,
          endX: axis.x(endsAt),
          /** The event's start, where the bar reaches it. */
          startX: endsAt === Date.parse(startsAt) && endsAt <= to ? axis.x(endsAt) : undefined,
          textX: isBefore ? x - gap : x + gap,
          isBefore,
          text: truncate(`${shortTimeNear(startsAt, now)} ${title}`, (isBefore ? x : width - x) - gap),
          hover: `${shortTime(plannedAt)}: ${title}, starts ${shortTimeNear(startsAt, now)}, fresh until ${freshEndText(call, now)} (${reasonText(reason)})\n${utcText(plannedAt)}`,
        };
      });
    const band = { name, y, calls };
    y = top + Math.max(0.5, calls.length) * rowHeight;
    return band;
  });
  return { axis, bands, height: y };
}

/** A bar ends at twice the goal; older copies end there too. */
const maxAgeInGoals = 2;
/** Where the goal is on a bar, 0 to 1. */
export const goalShare = 1 / maxAgeInGoals;

/** The signups' age of each event without a planned call, as a share of a bar (0 to 1) with its own goal in the middle. */
export function layoutAges({ nextCalls, classes }: Freshness, now: number) {
  const goals = new Map(classes.map((each) => [each.class, each.goalSeconds]));
  return nextCalls
    .filter((call) => !isPlanned(call))
    .map((event) => {
      const goal = goals.get(event.class) ?? Number.POSITIVE_INFINITY;
      const age = event.signupsFetchedAt === null ? null : (now - Date.parse(event.signupsFetchedAt)) / 1_000;
      return {
        eventId: event.eventId,
        lane: freshnessClasses[event.class].lane,
        share: age === null ? null : Math.min(1, Math.max(0, age / goal / maxAgeInGoals)),
        isStale: age !== null && age > goal,
        ours: event.ours,
        title: event.title,
        text: eventText(event, now),
      };
    });
}

/** e.g. `starts in 12:30, fetched 4 min ago: others gain more` */
function eventText({ startsAt, signupsFetchedAt, reason }: NextCall, now: number): string {
  const copy =
    signupsFetchedAt === null
      ? 'not fetched yet'
      : `fetched ${wholeDuration(now - Date.parse(signupsFetchedAt))} ago`;
  const untilStart = Date.parse(startsAt) - now;
  const start = untilStart < hour ? countdown(untilStart) : wholeDuration(untilStart);
  return `starts in ${start}, ${copy}: ${reasonText(reason)}`;
}

/** `98.2 %`, or `–` without any events. Rounded down, so 100 % means all. */
export const percent = (share: number | null): string =>
  share === null ? '–' : `${Math.floor(share * 1_000) / 10} %`;
