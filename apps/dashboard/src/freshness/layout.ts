import type { Freshness } from '@paceline/client';
import { countdown } from '@paceline/client/text';
import { freshnessClasses } from '@paceline/shared/definition';
import { characterWidth, roundPixel, smallCharacterWidth, truncate } from '../parts/layout.ts';
import { wholeDuration } from '../parts/zone.ts';

type NextCall = Freshness['nextCalls'][number];

export type AgeShape = ReturnType<typeof layoutAges>['rows'][number];

const rowHeight = 34;
/** The axis ends at twice the goal; older copies are drawn at its end. */
const maxAgeInGoals = 2;

/** The age of the next events' signups, each relative to its own goal. */
export function layoutAges({ nextCalls, classes }: Freshness, now: number, width: number) {
  const goals = new Map(classes.map((each) => [each.class, each.goalSeconds]));
  const rows = nextCalls.map((event, index) => {
    const goal = goals.get(event.class) ?? Number.POSITIVE_INFINITY;
    const age = event.signupsFetchedAt === null ? null : (now - Date.parse(event.signupsFetchedAt)) / 1_000;
    return {
      eventId: event.eventId,
      lane: freshnessClasses[event.class].lane,
      y: index * rowHeight,
      ageX:
        age === null
          ? null
          : roundPixel(Math.min(maxAgeInGoals, Math.max(0, age / goal)) * (width / maxAgeInGoals)),
      isStale: age !== null && age > goal,
      ours: event.ours,
      title: event.title,
      text: truncate(
        eventText(event, now),
        width - characterWidth * (event.title.length + (event.ours ? 9 : 3)),
        smallCharacterWidth,
      ),
    };
  });
  return { rows, height: Math.max(1, rows.length) * rowHeight, goalX: width / maxAgeInGoals };
}

const hour = 3_600_000;

/** e.g. `starts in 12:30, fetched 4 min ago, signups changed` */
export function eventText({ startsAt, signupsFetchedAt, reason }: NextCall, now: number): string {
  const copy =
    signupsFetchedAt === null
      ? 'not fetched yet'
      : `fetched ${wholeDuration(now - Date.parse(signupsFetchedAt))} ago`;
  const why = reason === 'never_fetched' ? '' : `, ${reason.replaceAll('_', ' ')}`;
  const untilStart = Date.parse(startsAt) - now;
  return `starts in ${untilStart < hour ? countdown(untilStart) : wholeDuration(untilStart)}, ${copy}${why}`;
}

/** `98.2 %`, or `–` without any events. Rounded down, so 100 % means all. */
export const percent = (share: number | null): string =>
  share === null ? '–' : `${Math.floor(share * 1_000) / 10} %`;
