import { classNames, type FreshnessClass, mapValues } from '@paceline/shared/definition';
import type { ClassFreshness, FreshnessMeasured, RankedEvent } from '@paceline/shared/contracts';
import { inOrderOfWorth } from './choose.ts';
import { type Candidate, classOf, classSpan, type Goals, isWithinGoal, type Span } from './classes.ts';

/** An event with the moments at which our copies of its signups were made. Moments are project ms. */
export interface CopiedEvent {
  readonly startsAt: number;
  /** Upstream listed it from then on, until it started or, if it was taken off the list, until `delistedAt`. */
  readonly listedAt: number;
  readonly delistedAt: number | null;
  /** Ascending. */
  readonly copiedAt: readonly number[];
}

/** Event time: a ms of one event. `within`: our copy was there and within its goal. */
export interface FreshTime {
  readonly within: number;
  readonly total: number;
}

/** How much of the time in a span events of each class had a copy within its goal. */
export const freshnessOf = (
  events: Iterable<CopiedEvent>,
  goals: Goals,
  span: Span,
): Record<FreshnessClass, FreshTime> =>
  mapValues(goals, (goal, name) => {
    let within = 0;
    let total = 0;
    for (const event of events) {
      const watched = overlap(overlap(listed(event), classSpan(name, event.startsAt)), span);
      if (watched.until <= watched.from) continue;
      total += watched.until - watched.from;
      within += freshIn(event.copiedAt, goal, watched);
    }
    return { within, total };
  });

/** Of all the time; 1 where there was none. */
export const shareOf = ({ within, total }: FreshTime): number => (total === 0 ? 1 : within / total);

const listed = ({ startsAt, listedAt, delistedAt }: CopiedEvent): Span => ({
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

/** An event of the last day, and whether our riders were in our copy of its signups. */
export interface WatchedEvent extends CopiedEvent {
  readonly hasOurs: boolean;
}

export interface Titled extends Candidate {
  readonly title: string;
}

const day = 86_400_000;

/** How fresh our copies are. @param coming listed, starts within two days @param watched was listed within the last day */
export function measure(
  coming: readonly Candidate[],
  watched: readonly WatchedEvent[],
  goals: Goals,
  now: number,
): FreshnessMeasured {
  const span = { from: now - day, until: now };
  const all = freshnessOf(watched, goals, span);
  const watchedOurs = watched.filter(({ hasOurs }) => hasOurs);
  const ours = freshnessOf(watchedOurs, goals, span);
  const classes = classNames.map((name): ClassFreshness => {
    const events = coming.filter(({ startsAt }) => classOf(startsAt, now) === name);
    const within = events.filter(({ signupsFetchedAt, startsAt }) =>
      isWithinGoal(signupsFetchedAt, startsAt, goals, now),
    );
    return {
      class: name,
      goalMs: goals[name],
      events: events.length,
      ours: countOurs(events),
      within: within.length,
      oursWithin: countOurs(within),
      lastDay: shareOrNone(all[name]),
      oursLastDay: shareOrNone(ours[name]),
    };
  });
  return { at: Math.round(now), classes };
}

/** The events that calls would be made for next, in that order, each with its reason. */
export const nextOf = (coming: readonly Titled[], goals: Goals, now: number): RankedEvent[] =>
  inOrderOfWorth(coming, goals, now).flatMap(({ event, because }) => {
    const { eventId, title, startsAt, hasOurs, signupsFetchedAt } = event;
    const name = classOf(startsAt, now);
    if (name === undefined) return [];
    const withinGoal = isWithinGoal(signupsFetchedAt, startsAt, goals, now);
    const copy = { copiedAt: signupsFetchedAt, withinGoal };
    return [{ eventId, title, startsAt, class: name, ours: hasOurs, ...copy, because }];
  });

const countOurs = (events: readonly Candidate[]): number => events.filter(({ hasOurs }) => hasOurs).length;

const shareOrNone = (time: FreshTime): number | null => (time.total === 0 ? null : shareOf(time));
