import type { Freshness } from '@paceline/client';
import { countdown } from '@paceline/client/text';
import { freshnessClasses } from '@paceline/shared/definition';
import { wholeDuration } from '../parts/zone.ts';

type NextCall = Freshness['nextCalls'][number];

export type AgeShape = ReturnType<typeof layoutAges>[number];

/** A bar ends at twice the goal; older copies end there too. */
const maxAgeInGoals = 2;
/** Where the goal is on a bar, 0 to 1. */
export const goalShare = 1 / maxAgeInGoals;

/** The age of the next events' signups, each as a share of a bar (0 to 1) with its own goal in the middle. */
export function layoutAges({ nextCalls, classes }: Freshness, now: number) {
  const goals = new Map(classes.map((each) => [each.class, each.goalSeconds]));
  return nextCalls.map((event) => {
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

const hour = 3_600_000;

/** e.g. `starts in 12:30, fetched 4 min ago, signups changed` */
function eventText({ startsAt, signupsFetchedAt, reason }: NextCall, now: number): string {
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
