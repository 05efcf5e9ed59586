import type { Policy } from '@paceline/shared/contracts';
import type { Candidate, TimeSpan } from '../classes.ts';
import { learnOursPerSignup } from './worth.ts';
import { firstMoment, momentsFrom } from './moments.ts';
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

export function planNextCalls<Event extends Candidate>(
  { events, policy, slots, isWatched, now, permit }: Situation<Event>,
  rules: Rules,
): CallPlan<Event> {
  const first = permit === 'held' ? now : firstMoment(events, policy, now);
  const moments = momentsFrom(first, policy, slots).filter(({ isOpen }) => isOpen || isWatched);
  return { now, permit, events, calls: planCalls(events, moments, rules, learnOursPerSignup(events)) };
}
