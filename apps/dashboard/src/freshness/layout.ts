import type { Freshness } from '@paceline/client';
import { countdown, duration } from '@paceline/client/text';
import { freshnessClasses } from '@paceline/shared/definition';
import { fitted, pixel } from '../parts/layout.ts';

type NextEvent = Freshness['next'][number];

export type AgeShape = ReturnType<typeof layoutAges>['rows'][number];

const rowHeight = 34;
/** The whole width is twice the goal: what is older than that is at the edge. */
const widest = 2;

/** The events that calls would be made for next: the age of each copy in measures of its own goal. */
export function layoutAges({ next, classes }: Freshness, now: number, width: number) {
  const goals = new Map(classes.map((each) => [each.class, each.goalSeconds]));
  const rows = next.map((event, index) => {
    const goal = goals.get(event.class) ?? Number.POSITIVE_INFINITY;
    const age = event.signupsFetchedAt === null ? null : (now - Date.parse(event.signupsFetchedAt)) / 1_000;
    return {
      eventId: event.eventId,
      lane: freshnessClasses[event.class].lane,
      y: index * rowHeight,
      ageX: age === null ? null : pixel(Math.min(widest, Math.max(0, age / goal)) * (width / widest)),
      late: age !== null && age > goal,
      ours: event.ours,
      title: event.title,
      words: fitted(eventWords(event, now), width - 7.5 * (event.title.length + (event.ours ? 9 : 3))),
    };
  });
  // The goal is where a copy is as old as it may be.
  return { rows, height: Math.max(1, rows.length) * rowHeight, goalX: width / widest };
}

const hour = 3_600_000;

/** e.g. `in 12:30, copy of 4 min ago, signups changed` */
export function eventWords({ startsAt, signupsFetchedAt, because }: NextEvent, now: number): string {
  const copy =
    signupsFetchedAt === null ? 'no copy yet' : `copy of ${duration(now - Date.parse(signupsFetchedAt))} ago`;
  const reason = because === 'never_fetched' ? '' : `, ${because.replaceAll('_', ' ')}`;
  const left = Date.parse(startsAt) - now;
  return `in ${left < hour ? countdown(left) : duration(left)}, ${copy}${reason}`;
}

/** `98.2 %`; `–` when there was nothing to be fresh. Never rounded up to all. */
export const percent = (share: number | null): string =>
  share === null ? '–' : `${Math.floor(share * 1_000) / 10} %`;
