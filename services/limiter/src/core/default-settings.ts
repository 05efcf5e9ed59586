import type { Clock } from '@paceline/shared/clock';
import { callTimeout, documentedPolicies, type Tier, usualCall, windowMargin } from '@paceline/shared/config';
import { type Budget, budgets, type Lane } from '@paceline/shared/contracts';
import type { Settings } from './settings.ts';

const minute = 60_000;

/**
 * The design's priorities (100, 90, 70, 50, 30) as head starts. Nobody starves: an ask waits at most the difference of
 * two head starts longer than a later one of the other lane, so at most one hour.
 */
const headStart: Record<Lane, number> = {
  manual_rider_add: 60 * minute,
  near_event_urgent: 54 * minute,
  near_event_normal: 18 * minute,
  rider_sync: 9 * minute,
  far_event_sync: 0,
};

/** Where a window has several places, one is kept for who can't wait. */
const reserve: Record<Budget, number> = {
  clubs: 1,
  riders_bulk: 1,
  riders_single: 1,
  results: 0,
  events: 0,
  signups: 0,
};

/** Times of the machine, in real ms: they bound processes and networks, not upstream. */
const machine = {
  startWithin: 2_000,
  sendWithin: 2_000,
  guard: 2_000,
  promiseSlack: 500,
};

/** The limiter's settings for a tier, with the machine's times converted to the clock's. */
export const defaultSettings = (tier: Tier, clock: Clock): Settings => ({
  policies: documentedPolicies[tier],
  reserve,
  headStart,
  // Less than what parts a forced lane from the next: a slot never outranks a person.
  slotHeadStart: 24 * minute,
  epsilon: windowMargin,
  startWithin: Math.ceil(clock.fromMachine(machine.startWithin)),
  sendWithin: Math.ceil(clock.fromMachine(machine.sendWithin)),
  guard: Math.ceil(clock.fromMachine(machine.guard)),
  clockLag: 0,
  probeSpread: 1_000,
  typicalCall: usualCall,
  callTimeout: Object.fromEntries(budgets.map((budget) => [budget, callTimeout(budget, clock)])) as Record<
    Budget,
    number
  >,
  promiseSlack: 1_000 + Math.ceil(clock.fromMachine(machine.promiseSlack)),
  askAgainIn: 1_500,
  askers: 3_000,
  missesAllowed: 4,
  scale: clock.scale,
});
