import {
  classNames,
  classOf,
  classSpan,
  type FreshnessClass,
  type Goals,
  isWithinGoal,
  mapValues,
} from '@paceline/shared/definition';
import type { ClassFreshness, FreshnessMeasured, RankedEvent } from '@paceline/shared/contracts';
import type { CallPlan } from './call-plan/next-calls.ts';
import type { Candidate, TimeSpan } from './classes.ts';

/** An event with the times at which its signups were copied. Times are project ms. */
export interface CopiedEvent {
  readonly startsAt: number;
  /** Upstream lists it from this time until its start, or until `delistedAt`. */
  readonly listedAt: number;
  readonly delistedAt: number | null;
  /** Ascending. */
  readonly copiedAt: readonly number[];
}

/** Event time in ms: one event for one ms. `within`: with a copy within its goal. */
export interface FreshTime {
  readonly within: number;
  readonly total: number;
}

/** For each class: the event time in `span`, and how much of it had a copy within the goal. */
export const freshnessOf = (
  events: Iterable<CopiedEvent>,
  goals: Goals,
  span: TimeSpan,
): Record<FreshnessClass, FreshTime> =>
  mapValues(goals, (goal, name) => {
    let within = 0;
    let total = 0;
    for (const event of events) {
      const counted = overlap(overlap(listed(event), classSpan(name, event.startsAt)), span);
      if (counted.until <= counted.from) continue;
      total += counted.until - counted.from;
      within += freshMs(event.copiedAt, goal, counted);
    }
    return { within, total };
  });

/** Share of the total time; 1 when that is 0. */
export const shareOf = ({ within, total }: FreshTime): number => (total === 0 ? 1 : within / total);

const listed = ({ startsAt, listedAt, delistedAt }: CopiedEvent): TimeSpan => ({
  from: listedAt,
  until: Math.min(startsAt, delistedAt ?? startsAt),
});

const overlap = (a: TimeSpan, b: TimeSpan): TimeSpan => ({
  from: Math.max(a.from, b.from),
  until: Math.min(a.until, b.until),
});

/** Time (ms) in which some copy is within the goal. */
function freshMs(copiedAt: readonly number[], goal: number, { from, until }: TimeSpan): number {
  let covered = 0;
  for (const [index, at] of copiedAt.entries()) {
    const end = Math.min(at + goal, copiedAt[index + 1] ?? Infinity, until);
    covered += Math.max(0, end - Math.max(at, from));
  }
  return covered;
}

export interface MeasuredEvent extends CopiedEvent {
  readonly hasOurs: boolean;
}

export interface TitledCandidate extends Candidate {
  readonly title: string;
}

const day = 86_400_000;

/** @param upcoming listed, start within two days @param lastDay listed within the last day */
export function measure(
  upcoming: readonly Candidate[],
  lastDay: readonly MeasuredEvent[],
  goals: Goals,
  now: number,
): FreshnessMeasured {
  const span = { from: now - day, until: now };
  const all = freshnessOf(lastDay, goals, span);
  const withOurs = lastDay.filter(({ hasOurs }) => hasOurs);
  const ours = freshnessOf(withOurs, goals, span);
  const classes = classNames.map((name): ClassFreshness => {
    const events = upcoming.filter(({ startsAt }) => classOf(startsAt, now) === name);
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
      lastDay: shareOrNull(all[name]),
      oursLastDay: shareOrNull(ours[name]),
    };
  });
  return { at: Math.round(now), classes };
}

/** The planned calls in their order, then the events that wait without one although their copy is older than its goal. */
export function nextEvents(
  { calls, events }: CallPlan<TitledCandidate>,
  goals: Goals,
  now: number,
): RankedEvent[] {
  const planned = new Set(calls.map(({ event }) => event.eventId));
  const waiting = events
    .filter(({ eventId, signupsFetchedAt, startsAt }) => {
      const isFresh = isWithinGoal(signupsFetchedAt, startsAt, goals, now);
      return startsAt > now && !isFresh && !planned.has(eventId);
    })
    .toSorted((a, b) => a.startsAt - b.startsAt || (a.eventId < b.eventId ? -1 : 1));
  const rank = (
    event: TitledCandidate,
    more: Pick<RankedEvent, 'class' | 'because' | 'plannedAt' | 'freshUntil'>,
  ) => {
    const { eventId, title, startsAt, hasOurs, signupsFetchedAt } = event;
    const withinGoal = isWithinGoal(signupsFetchedAt, startsAt, goals, now);
    return { eventId, title, startsAt, ours: hasOurs, copiedAt: signupsFetchedAt, withinGoal, ...more };
  };
  return [
    ...calls.map(({ event, at, class: name, because, freshUntil }) =>
      rank(event, { class: name, because, plannedAt: Math.round(at), freshUntil: Math.round(freshUntil) }),
    ),
    ...waiting.map((event) =>
      rank(event, {
        class: classOf(event.startsAt, now) ?? 'far',
        because: 'others_gain_more',
        plannedAt: null,
        freshUntil: null,
      }),
    ),
  ];
}

const countOurs = (events: readonly Candidate[]): number => events.filter(({ hasOurs }) => hasOurs).length;

const shareOrNull = (time: FreshTime): number | null => (time.total === 0 ? null : shareOf(time));
