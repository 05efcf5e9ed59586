import type { Interval } from '@paceline/shared/contracts';
import { aheadOfPace } from '@paceline/shared/upstreams/pace';
import { policyOf } from './budget.ts';
import { foreignAfter } from './foreign-calls.ts';
import type { BudgetState } from './state.ts';

/*
 * The exact window. A started call arrives upstream somewhere in [startedAt, arrivesBy]. A sliding window may count it
 * until `arrivesBy + window`; an aligned one, in each window that the interval touches, give or take ε for upstream's
 * clock. A new call starts only when fewer than N calls could still be counted: whatever the jitter, no interval of the
 * window's length, or no aligned window, then holds more than N arrivals.
 */

const isAligned = ({ definition }: BudgetState): boolean => definition.resets === 'aligned';

/** In whole ms: boundaries are compared exactly. */
export const alignedWindow = (budget: BudgetState, { windowMs } = policyOf(budget)): number =>
  Math.max(1, Math.round(windowMs));

/** The start of the aligned window that counts at `now`: until ε after a boundary, that is the one before it. */
export function windowStart(budget: BudgetState, now: number): number {
  const windowMs = alignedWindow(budget);
  return Math.floor((now - budget.settings.epsilon) / windowMs) * windowMs;
}

/** From when on the next aligned window counts. */
export const nextWindow = (budget: BudgetState, now: number): number =>
  windowStart(budget, now) + alignedWindow(budget) + budget.settings.epsilon;

/** When a call no longer counts that arrives at `arrivesBy` at the latest. */
export function leavesAt(budget: BudgetState, arrivesBy: number, policy = policyOf(budget)): number {
  const { epsilon } = budget.settings;
  if (!isAligned(budget)) return arrivesBy + policy.windowMs + epsilon;
  const windowMs = alignedWindow(budget, policy);
  return Math.ceil((arrivesBy + epsilon) / windowMs) * windowMs + epsilon;
}

/** The calls that may arrive after this time are those that upstream may still count at `now`. */
export const countedSince = (budget: BudgetState, now: number): number =>
  isAligned(budget)
    ? windowStart(budget, now) - budget.settings.epsilon
    : now - policyOf(budget).windowMs - budget.settings.epsilon;

/** The calls that upstream may still count at `now`, in the order of their starts. */
export const countedCalls = (budget: BudgetState, now: number): Interval[] =>
  budget.calls.after(countedSince(budget, now));

/** How many calls upstream may still count at `now`, those of other programs included. */
export function countCalls(budget: BudgetState, now: number): number {
  const since = countedSince(budget, now);
  return budget.calls.countAfter(since) + foreignAfter(budget.record.foreign, since);
}

/** When the pause by upstream or the operator ends, whichever is later; 0 without one. */
export const pausedUntil = ({ record }: BudgetState): number =>
  Math.max(record.pausedUntil.upstream ?? 0, record.pausedUntil.operator ?? 0);

export const isPaused = (budget: BudgetState, now: number): boolean => pausedUntil(budget) > now;

const isUnknown = ({ record }: BudgetState, now: number): boolean => (record.unknownUntil ?? 0) > now;

/** How many calls a whole window may hold. Some are reserved for the forced lanes, never all. */
export function capacityFor(budget: BudgetState, forced: boolean): number {
  const { limit } = policyOf(budget);
  return forced ? limit : Math.max(1, limit - budget.definition.reserve);
}

/** How many calls the window may hold at `now`: if it is paced, those of the share of the window that has passed. */
export function capacityAt(budget: BudgetState, now: number, forced: boolean): number {
  const capacity = capacityFor(budget, forced);
  if (forced || !budget.definition.paced) return capacity;
  const passed = now - budget.settings.epsilon - windowStart(budget, now);
  return Math.min(capacity, Math.floor((capacity * passed) / alignedWindow(budget)) + aheadOfPace(capacity));
}

/** When the window of `now` may hold that many calls, at most as many as a whole one. */
export function reachedAt(budget: BudgetState, now: number, calls: number, forced: boolean): number {
  if (forced || !budget.definition.paced) return now;
  const capacity = capacityFor(budget, forced);
  const passed = ((calls - aheadOfPace(capacity)) * alignedWindow(budget)) / capacity;
  return Math.max(now, windowStart(budget, now) + budget.settings.epsilon + Math.ceil(Math.max(0, passed)));
}

/** How many permits can be granted at `now`: to the forced lanes, or to any lane. */
export function available(budget: BudgetState, now: number, forced: boolean): number {
  if (isPaused(budget, now)) return 0;
  const { held } = budget;
  const room = capacityAt(budget, now, forced) - countCalls(budget, now) - held;
  // After a pause by upstream one call probes alone whether it accepts calls again.
  if (budget.record.probing)
    return Math.max(0, Math.min(1 - budget.calls.openAfter(now).length - held, room));
  return isUnknown(budget, now) ? 0 : Math.max(0, room);
}
