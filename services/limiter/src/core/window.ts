import type { Interval } from '@paceline/shared/contracts';
import { type BudgetState, policyOf } from './budget.ts';

/**
 * The exact window. A started call arrives upstream somewhere in [startedAt, arrivesBy], so upstream may count it until
 * `arrivesBy + window`. A new call starts only when fewer than N calls could still be counted: whatever the jitter,
 * no interval of the window's length then holds more than N arrivals.
 */
export const leavesAt = (interval: Interval, budget: BudgetState): number =>
  interval.arrivesBy + policyOf(budget).windowMs + budget.settings.epsilon;

/** The calls that may arrive after this time are those that upstream may still count at `now`. */
export const countedSince = (budget: BudgetState, now: number): number =>
  now - policyOf(budget).windowMs - budget.settings.epsilon;

/** The calls that upstream may still count at `now`, in the order of their starts. */
export const countedCalls = (budget: BudgetState, now: number): Interval[] =>
  budget.calls.after(countedSince(budget, now));

export const countCalls = (budget: BudgetState, now: number): number =>
  budget.calls.countAfter(countedSince(budget, now));

/** When the pause by upstream or the operator ends, whichever is later; 0 without one. */
export const pausedUntil = ({ record }: BudgetState): number =>
  Math.max(record.pausedUntil.upstream ?? 0, record.pausedUntil.operator ?? 0);

export const isPaused = (budget: BudgetState, now: number): boolean => pausedUntil(budget) > now;

const isUnknown = ({ record }: BudgetState, now: number): boolean => (record.unknownUntil ?? 0) > now;

/** How many calls a window may hold for a lane. Some are reserved for the forced lanes, never all. */
function capacityFor(budget: BudgetState, forced: boolean): number {
  const { limit } = policyOf(budget);
  return forced ? limit : Math.max(1, limit - budget.settings.reserve[budget.record.endpoint]);
}

/** How many permits can be granted at `now`: to the forced lanes, or to any lane. */
export function available(budget: BudgetState, now: number, forced: boolean): number {
  if (isPaused(budget, now)) return 0;
  const { size: held } = budget.grants;
  const room = capacityFor(budget, forced) - countCalls(budget, now) - held;
  // After a pause by upstream one call probes alone whether it accepts calls again.
  if (budget.record.probing)
    return Math.max(0, Math.min(1 - budget.calls.openAfter(now).length - held, room));
  return isUnknown(budget, now) ? 0 : Math.max(0, room);
}

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
  const cycle = policyOf(budget).windowMs + budget.settings.epsilon;
  const endOf = ({ startedAt, arrivesBy }: Interval) =>
    Math.min(arrivesBy, Math.max(now, startedAt + duration));
  // Held permits are about to be used.
  const granted = Array.from(budget.grants, () => now + duration);
  const opensAt = Math.max(now, pausedUntil(budget));
  const capacity = capacityFor(budget, forced);
  const [index, cycles] = [(k - 1) % capacity, Math.floor((k - 1) / capacity)];
  const since = countedSince(budget, now);
  const open = budget.calls.openAfter(since);
  const ends = [...open.map(endOf), ...granted].sort((a, b) => a - b);
  // The free places come first, then those of the calls that leave next.
  const rank = index - capacity + countCalls(budget, now) + granted.length;
  const freesUp = rank < 0 ? opensAt : Math.max(opensAt, budget.calls.endAt(rank, since, ends) + cycle);
  const { probing } = budget.record;
  const unknownUntil = budget.record.unknownUntil ?? 0;
  const isProbe = probing && index === 0 && granted.length === 0;
  const first = Math.max(
    freesUp,
    isProbe ? 0 : unknownUntil,
    ...(probing ? [...budget.calls.openAfter(now).map(endOf), ...granted] : []),
  );
  return cycles === 0 ? first : Math.max(first + cycles * (cycle + duration), unknownUntil);
}

/** How long a call is expected to take, project ms. */
export const expectedCallDuration = ({ callDuration, record, settings }: BudgetState): number =>
  callDuration ?? settings.typicalCallDuration[record.endpoint];
