import type { Interval } from '@paceline/shared/contracts';
import { type BudgetState, policyOf } from './budget.ts';
import type { Settings } from './settings.ts';

/**
 * The exact window. A started call arrives upstream somewhere in [startedAt, latestAt]; upstream may count it until
 * `latestAt + window`. Only when fewer than N calls could still be counted may another one go: whatever the jitter,
 * no interval of the window's length then holds more than N arrivals.
 */
const leavesAt = (interval: Interval, budget: BudgetState, settings: Settings): number =>
  interval.latestAt + policyOf(budget, settings).windowMs + settings.epsilon;

/** The calls that upstream may still count at `now`. */
export const counted = (budget: BudgetState, settings: Settings, now: number): Interval[] =>
  budget.record.intervals.filter((interval) => leavesAt(interval, budget, settings) > now);

export const isPaused = ({ record }: BudgetState, now: number): boolean =>
  record.pausedUntil !== null && record.pausedUntil > now;

/** After a pause one call goes ahead alone to see whether upstream is open again. */
const capacity = (budget: BudgetState, settings: Settings): number =>
  budget.record.probing ? 1 : policyOf(budget, settings).limit;

/** How many permits can be granted at `now`. */
export function available(budget: BudgetState, settings: Settings, now: number): number {
  if (isPaused(budget, now)) return 0;
  const used = budget.record.probing ? openCalls(budget, now).length : counted(budget, settings, now).length;
  const room = policyOf(budget, settings).limit - counted(budget, settings, now).length;
  return Math.max(0, Math.min(capacity(budget, settings) - used, room) - budget.grants.size);
}

/** The calls that may still arrive upstream: a dead caller's last no longer than was assumed at its start. */
const openCalls = ({ record }: BudgetState, now: number): Interval[] =>
  record.intervals.filter(({ settled, latestAt }) => !settled && latestAt > now);

/**
 * When the k-th next permit (1 = the next) becomes free. How long the calls that are still open take is a guess:
 * 'typical' is as long as usual, 'best' as if all were answered right now.
 */
export function freeAt(
  budget: BudgetState,
  settings: Settings,
  now: number,
  k: number,
  guess: 'typical' | 'best',
): number {
  const { limit, windowMs } = policyOf(budget, settings);
  const turn = windowMs + settings.epsilon;
  const usual = guess === 'typical' ? settings.typicalCall[budget.record.endpoint] : 0;
  const endOf = ({ settled, startedAt, latestAt }: Interval) =>
    settled ? latestAt : Math.min(latestAt, Math.max(now, startedAt + usual));
  const leaving = counted(budget, settings, now)
    .map((interval) => endOf(interval) + turn)
    .sort((a, b) => a - b)
    .slice(-limit);
  const free = Array.from({ length: limit - leaving.length }, () => now);
  // What is granted is about to be called: its place comes free a turn later.
  const index = k - 1 + budget.grants.size;
  const first = [...free, ...leaving][index % limit] ?? now;
  const probed = budget.record.probing ? openCalls(budget, now).map(endOf) : [];
  return Math.max(first + Math.floor(index / limit) * turn, budget.record.pausedUntil ?? 0, ...probed);
}
