import type { Policy } from '@paceline/shared/contracts';
import type { Candidate, TimeSpan } from '../classes.ts';
import { learnOursPerSignup } from './worth.ts';
import { firstMoment, type Moment, momentsFrom } from './moments.ts';
import { planCalls, type PlannedCall, type Rules } from './plan.ts';

/** What the next calls depend on. Times are project ms. */
export interface Situation<Event extends Candidate = Candidate> {
  /** Upcoming events. */
  readonly events: readonly Event[];
  /** Of the budget for signups. */
  readonly policy: Policy;
  /** In which event calls can be made. */
  readonly slots: readonly TimeSpan[];
  /** Whether calls for urgent events are made outside the slots too. */
  readonly isWatched: boolean;
  readonly now: number;
  /** Whether the first call can be made at once, or has yet to wait for its permit. */
  readonly permit: 'held' | 'before';
}

/** The plan of the next calls. */
export interface CallPlan<Event extends Candidate = Candidate> {
  /** When it was made, project ms. */
  readonly now: number;
  readonly permit: Situation['permit'];
  /** The events that it chose from. */
  readonly events: readonly Event[];
  readonly calls: ReadonlyArray<PlannedCall<Event>>;
}

/** Project ms by which moments can shift while the plan stays the same: a permit is then used for what it was requested for. */
const holdsMs = 5_000;

/**
 * Plans the next calls; again only when something that they depend on has changed.
 * @param typicalMs how long a call takes, project ms
 */
export function createPlanner<Event extends Candidate>(
  rules: Rules,
  typicalMs: number,
): (situation: Situation<Event>) => CallPlan<Event> {
  let last: (CallPlan<Event> & { readonly moments: readonly Moment[] }) | undefined;
  return ({ events, policy, slots, isWatched, now, permit }) => {
    const first = permit === 'held' ? now : firstMoment(events, policy, now);
    const moments = momentsFrom(first, policy, typicalMs, slots).filter(({ isOpen }) => isOpen || isWatched);
    if (last && areSame(events, last.events, isSameEvent) && areSame(moments, last.moments, isSameMoment)) {
      const laterMs = (moments[0]?.at ?? 0) - (last.moments[0]?.at ?? 0);
      const calls = last.calls.map((call) => ({ ...call, at: call.at + laterMs }));
      if (calls.every(({ at, event }) => at < event.startsAt)) return { now, permit, events, calls };
    }
    const calls = planCalls(events, moments, rules, learnOursPerSignup(events));
    last = { now, permit, events, calls, moments };
    return last;
  };
}

const areSame = <Item>(some: readonly Item[], others: readonly Item[], same: (a: Item, b: Item) => boolean) =>
  some.length === others.length && some.every((each, index) => same(each, others[index] as Item));

const isSameEvent = (a: Candidate, b: Candidate): boolean =>
  a.eventId === b.eventId &&
  a.startsAt === b.startsAt &&
  a.signupsFetchedAt === b.signupsFetchedAt &&
  a.signupsListedThen === b.signupsListedThen &&
  a.listedSignups === b.listedSignups &&
  a.hasOurs === b.hasOurs;

const isSameMoment = (a: Moment, b: Moment): boolean =>
  a.isOpen === b.isOpen && Math.abs(a.at - b.at) < holdsMs;
