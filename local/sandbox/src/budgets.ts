import { type Budget, budgetNames, budgets } from '@paceline/shared/definition';
import { z } from 'zod';
import { between, draw } from './random.ts';

/** `limit` calls per `windowMs` of project time. */
const policy = z.strictObject({ limit: z.int().positive(), windowMs: z.number().positive() }).readonly();
export type Policy = z.output<typeof policy>;

/** Budgets whose policy differs from the tier's, for every key. */
export const policyOverrides = z.partialRecord(z.enum(budgetNames), policy);
export type PolicyOverrides = z.output<typeof policyOverrides>;

/** Changes to the overrides: `null` gives a budget its tier's policy back. */
export const policyChanges = z.partialRecord(z.enum(budgetNames), policy.nullable());
export type PolicyChanges = z.output<typeof policyChanges>;

/** How long upstream was seen to take to its first byte, project ms. */
const ranges: Partial<Record<Budget, readonly [low: number, high: number]>> = {
  clubs: [61_000, 75_000],
  riders_bulk: [48_000, 55_000],
  riders_single: [1_000, 3_000],
  results: [1_000, 3_000],
  events: [1_000, 4_000],
  signups: [1_000, 4_000],
};

const rangeOf = (budget: Budget): readonly [low: number, high: number] =>
  ranges[budget] ?? [budgets[budget].usualMs, budgets[budget].usualMs];

/** The latency of the arrival with this `seq`, in project ms. */
export const latencyOf = (seed: number, budget: Budget, seq: number): number =>
  between(draw(seed, 'latency', seq), ...rangeOf(budget));

/** By how much, in project ms, one call of a budget may be slower than another. */
export function latencySpread(budget: Budget): number {
  const [low, high] = rangeOf(budget);
  return high - low;
}
