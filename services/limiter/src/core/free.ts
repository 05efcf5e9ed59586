import type { Interval } from '@paceline/shared/contracts';
import { policyOf } from './budget.ts';
import { foreignArrivals } from './foreign.ts';
import {
  alignedWindow,
  capacityAt,
  capacityFor,
  countCalls,
  countedSince,
  nextWindow,
  pausedUntil,
  reachedAt,
  windowStart,
} from './window.ts';
import type { BudgetState } from './state.ts';

/**
 * When the k-th next permit (1 = the next) becomes free.
 * @param assume how long open calls take: 'typical' the measured duration, 'best' as if all were answered now
 */
export function freeAt(
  budget: BudgetState,
  now: number,
  k: number,
  assume: 'typical' | 'best',
  forced: boolean,
): number {
  const duration = assume === 'typical' ? expectedCallDuration(budget) : 0;
  const endOf = ({ startedAt, arrivesBy }: Interval) =>
    Math.min(arrivesBy, Math.max(now, startedAt + duration));
  // Held permits are about to be used.
  const held = Array.from({ length: budget.held }, () => now + duration);
  const since = countedSince(budget, now);
  const foreign = foreignArrivals(budget.record.foreign, since);
  const open = budget.calls.openAfter(since);
  const ends = [...open.map(endOf), ...held, ...foreign].sort((a, b) => a - b);
  const { probing } = budget.record;
  const unknownUntil = budget.record.unknownUntil ?? 0;
  const afterProbe = (at: number, isProbe: boolean) =>
    Math.max(
      at,
      isProbe && held.length === 0 ? 0 : unknownUntil,
      ...(probing ? [...budget.calls.openAfter(now).map(endOf), ...held] : []),
    );
  if (budget.definition.resets === 'aligned')
    return afterProbe(freeInAligned(budget, now, k, ends, forced), probing && k === 1);
  const capacity = capacityFor(budget, forced);
  const [index, cycles] = [(k - 1) % capacity, Math.floor((k - 1) / capacity)];
  const first = afterProbe(freeInSliding(budget, now, index, ends, forced), probing && index === 0);
  const cycle = policyOf(budget).windowMs + budget.settings.epsilon + duration;
  return cycles === 0 ? first : Math.max(first + cycles * cycle, unknownUntil);
}

/** @param ends when the open calls end and those of other programs ended, in order */
function freeInSliding(
  budget: BudgetState,
  now: number,
  index: number,
  ends: readonly number[],
  forced: boolean,
): number {
  const opensAt = Math.max(now, pausedUntil(budget));
  // The free places come first, then those of the calls that leave next.
  const rank = index - capacityFor(budget, forced) + countCalls(budget, now) + budget.held;
  if (rank < 0) return opensAt;
  const since = countedSince(budget, now);
  const cycle = policyOf(budget).windowMs + budget.settings.epsilon;
  return Math.max(opensAt, budget.calls.endAt(rank, since, ends) + cycle);
}

/** Window by window, from the one that counts when the budget opens. */
function freeInAligned(
  budget: BudgetState,
  now: number,
  k: number,
  ends: readonly number[],
  forced: boolean,
): number {
  const { calls } = budget;
  const capacity = capacityFor(budget, forced);
  let at = Math.max(now, pausedUntil(budget));
  for (let left = k; ;) {
    const since = countedSince(budget, at);
    const settled = calls.countAfter(since) - calls.openAfter(since).length;
    const taken = settled + ends.filter((end) => end > since).length;
    const room = Math.max(0, capacity - taken);
    if (left <= room) return reachedAt(budget, at, taken + left, forced);
    left -= room;
    // Once a window is empty, so are all after it.
    const whole = taken === 0 ? Math.floor((left - 1) / capacity) : 0;
    left -= whole * capacity;
    at = nextWindow(budget, at) + whole * alignedWindow(budget);
  }
}

/** How long a call is expected to take, project ms. */
export const expectedCallDuration = ({ callDuration, definition }: BudgetState): number =>
  callDuration ?? definition.typicalMs;

/** How many permits become free before `time` at most, whatever happens to the open calls. */
export function freeBefore(budget: BudgetState, now: number, time: number, forced: boolean): number {
  const { probing, unknownUntil } = budget.record;
  const opensAt = Math.max(now, pausedUntil(budget), probing ? 0 : (unknownUntil ?? 0));
  if (time <= opensAt) return 0;
  const last = time - 1;
  const capacity = capacityFor(budget, forced);
  if (budget.definition.resets === 'aligned') {
    const taken = opensAt > now ? 0 : countCalls(budget, now) + budget.held;
    const windows = Math.round(
      (windowStart(budget, last) - windowStart(budget, opensAt)) / alignedWindow(budget),
    );
    if (windows === 0) return Math.max(0, capacityAt(budget, last, forced) - taken);
    return Math.max(0, capacity - taken) + (windows - 1) * capacity + capacityAt(budget, last, forced);
  }
  const cycles = Math.floor((last - opensAt) / policyOf(budget).windowMs);
  return cycles === 0
    ? Math.max(0, capacity - countCalls(budget, last) - budget.held)
    : (cycles + 1) * capacity;
}
