import { classNames, type FreshnessClass } from '@paceline/shared/definition';
import { classOf, classSpan } from './classes.ts';

/** How old our copy of an event's signups may be, by the class of the event; project ms. */
export type Goals = Readonly<Record<FreshnessClass, number>>;

/** An event with the moments at which our copies of its signups were made. Moments are project ms. */
export interface Watched {
  readonly startsAt: number;
  /** Upstream listed it from then on, until it started or, if it was taken off the list, until `delistedAt`. */
  readonly listedAt: number;
  readonly delistedAt: number | null;
  /** Ascending. */
  readonly copiedAt: readonly number[];
}

/** Event time: a ms of one event. `within`: our copy was there and within its goal. */
export interface Freshness {
  readonly within: number;
  readonly total: number;
}

export type FreshnessByClass = Readonly<Record<FreshnessClass, Freshness>>;

/** A stretch of time, project ms. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/** How much of the time in a span events of each class had a copy within its goal. */
export function freshnessOf(events: Iterable<Watched>, goals: Goals, span: Span): FreshnessByClass {
  const sums = classNames.map((name) => {
    let within = 0;
    let total = 0;
    for (const event of events) {
      const watched = overlap(overlap(listed(event), classSpan(name, event.startsAt)), span);
      if (watched.until <= watched.from) continue;
      total += watched.until - watched.from;
      within += freshIn(event.copiedAt, goals[name], watched);
    }
    return [name, { within, total }] as const;
  });
  return Object.fromEntries(sums) as FreshnessByClass;
}

/** Of all the time; 1 where there was none. */
export const shareOf = ({ within, total }: Freshness): number => (total === 0 ? 1 : within / total);

/** Whether a copy is within the goal of its event at a moment; null: there is no copy. An event of no class has none. */
export function isWithinGoal(copiedAt: number | null, startsAt: number, goals: Goals, now: number): boolean {
  const name = classOf(startsAt, now);
  return name === undefined || (copiedAt !== null && now - copiedAt < goals[name]);
}

/** Until when a copy is within the goals of its event without a break, `now` at the earliest; its start at the latest. */
export function freshUntil(copiedAt: number, startsAt: number, goals: Goals, now: number): number {
  for (const name of classNames.toReversed()) {
    const { from, until } = classSpan(name, startsAt);
    if (until <= now) continue;
    const end = Math.max(from, copiedAt + goals[name]);
    if (end < until) return Math.max(now, end);
  }
  return Math.max(now, startsAt);
}

const listed = ({ startsAt, listedAt, delistedAt }: Watched): Span => ({
  from: listedAt,
  until: Math.min(startsAt, delistedAt ?? startsAt),
});

const overlap = (a: Span, b: Span): Span => ({
  from: Math.max(a.from, b.from),
  until: Math.min(a.until, b.until),
});

/** Each copy is within its goal for that long, or until the next one: what they cover together, ms. */
function freshIn(copiedAt: readonly number[], goal: number, { from, until }: Span): number {
  let covered = 0;
  for (const [index, at] of copiedAt.entries()) {
    const end = Math.min(at + goal, copiedAt[index + 1] ?? Infinity, until);
    covered += Math.max(0, end - Math.max(at, from));
  }
  return covered;
}
