import type { Budget } from '../budgets.ts';
import { between, draw } from '../random.ts';
import { SECOND } from '../time.ts';

/** How long upstream takes to its first byte, in project ms: clubs over a minute, bulk calls just under one. */
const ranges: Record<Budget, readonly [low: number, high: number]> = {
  clubs: [61 * SECOND, 75 * SECOND],
  riders_bulk: [48 * SECOND, 55 * SECOND],
  riders_single: [1 * SECOND, 3 * SECOND],
  results: [1 * SECOND, 3 * SECOND],
  events: [1 * SECOND, 4 * SECOND],
  signups: [1 * SECOND, 4 * SECOND],
};

/** The latency of the arrival with this `seq`, in project ms. */
export const latencyOf = (seed: number, budget: Budget, seq: number): number =>
  between(draw(seed, 'latency', seq), ...ranges[budget]);

/** By how much, in project ms, one call of a budget may be slower than another. */
export const latencySpread = (budget: Budget): number => ranges[budget][1] - ranges[budget][0];
