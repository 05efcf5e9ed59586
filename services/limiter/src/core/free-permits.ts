import type { Interval } from '@paceline/shared/contracts';
import { policyOf } from './budget.ts';
import { foreignArrivals } from './foreign-calls.ts';
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
import type { BudgetState, EndpointState } from './state.ts';

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
  const ends = endsOf(budget, now, duration);
  if (budget.definition.resets === 'aligned') {
    const at = freeInAligned(budget, now, k, ends, forced);
    return afterProbe(budget, now, duration, at, k === 1);
  }
  const capacity = capacityFor(budget, forced);
  const [index, cycles] = [(k - 1) % capacity, Math.floor((k - 1) / capacity)];
  const free = freeInSliding(budget, now, index, ends, forced);
  const first = afterProbe(budget, now, duration, free, index === 0);
  const cycle = policyOf(budget).windowMs + budget.settings.epsilon + duration;
  return cycles === 0 ? first : Math.max(first + cycles * cycle, budget.record.unknownUntil ?? 0);
}

const endOf = ({ startedAt, arrivesBy }: Interval, now: number, duration: number): number =>
  Math.min(arrivesBy, Math.max(now, startedAt + duration));

/** When the open calls end, held permits, which are about to be used, and when those of other programs ended; in order. */
function endsOf(budget: BudgetState, now: number, duration: number): readonly number[] {
  const since = countedSince(budget, now);
  const ends = foreignArrivals(budget.record.foreign, since);
  for (const call of budget.calls.openAfter(since)) ends.push(endOf(call, now, duration));
  for (let held = 0; held < budget.held; held += 1) ends.push(now + duration);
  return ends.length > 1 ? ends.sort((a, b) => a - b) : ends;
}

/** A time after that of the probe, for a permit that isn't the probe itself, and when the past is known. */
function afterProbe(
  { calls, held, record: { probing, unknownUntil } }: BudgetState,
  now: number,
  duration: number,
  at: number,
  isFirst: boolean,
): number {
  if (!probing) return Math.max(at, unknownUntil ?? 0);
  const ends = calls.openAfter(now).map((call) => endOf(call, now, duration));
  if (held > 0) ends.push(now + duration);
  return Math.max(at, isFirst && held === 0 ? 0 : (unknownUntil ?? 0), ...ends);
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

/** Of the budgets that an endpoint's calls count in, the one that is free last. */
export function lastFree({ budgets }: EndpointState, forced: boolean, now: number): BudgetState {
  if (budgets.length === 1) return budgets[0] as BudgetState;
  const free = budgets.map((budget) => ({ budget, at: freeAt(budget, now, 1, 'typical', forced) }));
  return free.reduce((last, each) => (each.at > last.at ? each : last)).budget;
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
