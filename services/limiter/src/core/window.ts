import type { Interval } from '@paceline/shared/contracts';
import { type BudgetState, policyOf } from './budget.ts';

/**
 * The exact window. A started call arrives upstream somewhere in [startedAt, arrivesBy]; upstream may count it until
 * `arrivesBy + window`. Only when fewer than N calls could still be counted may another one go: whatever the jitter,
 * no interval of the window's length then holds more than N arrivals.
 */
export const leavesAt = (interval: Interval, budget: BudgetState): number =>
  interval.arrivesBy + policyOf(budget).windowMs + budget.settings.epsilon;

/** The calls that upstream may still count at `now`. */
export const counted = (budget: BudgetState, now: number): Interval[] =>
  budget.record.intervals.filter((interval) => leavesAt(interval, budget) > now);

/** Until when nobody may call, by upstream's word or the operator's. */
export const pausedUntil = ({ record }: BudgetState): number =>
  Math.max(record.pausedUntil.upstream ?? 0, record.pausedUntil.operator ?? 0);

export const isPaused = (budget: BudgetState, now: number): boolean => pausedUntil(budget) > now;

const isUnknown = ({ record }: BudgetState, now: number): boolean => (record.unknownUntil ?? 0) > now;

/** The places of a window that a lane may use: some are kept for the forced ones, never all. */
function placesFor(budget: BudgetState, forced: boolean): number {
  const { limit } = policyOf(budget);
  return forced ? limit : Math.max(1, limit - budget.settings.reserve[budget.record.endpoint]);
}

/** How many permits can be granted at `now`, to the forced lanes or to all. */
export function available(budget: BudgetState, now: number, forced: boolean): number {
  if (isPaused(budget, now)) return 0;
  const { length: held } = budget.grants;
  const room = placesFor(budget, forced) - counted(budget, now).length - held;
  // Upstream named the moment: one call goes ahead alone to see whether it is open again.
  if (budget.record.probing) return Math.max(0, Math.min(1 - openCalls(budget, now).length - held, room));
  return isUnknown(budget, now) ? 0 : Math.max(0, room);
}

/** The calls that may still arrive upstream: a dead caller's last no longer than was assumed at its start. */
const openCalls = ({ record }: BudgetState, now: number): Interval[] =>
  record.intervals.filter(({ settled, arrivesBy }) => !settled && arrivesBy > now);

/**
 * When the k-th next permit (1 = the next) becomes free. How long the calls that are still open take is a guess:
 * 'typical' is as long as usual, 'best' as if all were answered right now.
 */
export function freeAt(
  budget: BudgetState,
  now: number,
  k: number,
  guess: 'typical' | 'best',
  forced: boolean,
): number {
  const usual = guess === 'typical' ? usualCall(budget) : 0;
  const turn = policyOf(budget).windowMs + budget.settings.epsilon;
  const endOf = ({ settled, startedAt, arrivesBy }: Interval) =>
    settled ? arrivesBy : Math.min(arrivesBy, Math.max(now, startedAt + usual));
  // What is granted is about to be called.
  const granted = budget.grants.map(() => now + usual);
  const opensAt = Math.max(now, pausedUntil(budget));
  const places = placesFor(budget, forced);
  const leaving = [...counted(budget, now).map(endOf), ...granted]
    .map((end) => Math.max(opensAt, end + turn))
    .sort((a, b) => a - b)
    .slice(-places);
  const moments = [...Array.from({ length: places - leaving.length }, () => opensAt), ...leaving];
  const [place, rounds] = [(k - 1) % places, Math.floor((k - 1) / places)];
  const { probing } = budget.record;
  const unknownUntil = budget.record.unknownUntil ?? 0;
  const isOfProbe = probing && place === 0 && granted.length === 0;
  const first = Math.max(
    moments[place] ?? opensAt,
    isOfProbe ? 0 : unknownUntil,
    ...(probing ? [...openCalls(budget, now).map(endOf), ...granted] : []),
  );
  return rounds === 0 ? first : Math.max(first + rounds * (turn + usual), unknownUntil);
}

/** How long a call takes as far as it is known, project ms. */
export const usualCall = ({ usualCall: seen, record, settings }: BudgetState): number =>
  seen ?? settings.typicalCall[record.endpoint];
