import { z } from 'zod';

/** Groups of paths that share one limit. */
export const budgets = ['clubs', 'riders_bulk', 'riders_single', 'results', 'events', 'signups'] as const;
export type Budget = (typeof budgets)[number];

export const tiers = ['standard', 'premium'] as const;
export type Tier = (typeof tiers)[number];

/** `limit` calls per `windowMs` of project time. */
export const policy = z
  .strictObject({ limit: z.int().positive(), windowMs: z.number().positive() })
  .readonly();
export type Policy = z.output<typeof policy>;

const per = (limit: number, minutes: number): Policy => ({ limit, windowMs: minutes * 60_000 });
const sameForAll = { results: per(1, 1), events: per(1, 1), signups: per(1, 1) };

/**
 * The limits of each tier. They are written down here a second time on purpose: an oracle that took its numbers
 * from the code it judges would agree with every mistake.
 */
export const tierPolicies: Record<Tier, Record<Budget, Policy>> = {
  standard: { clubs: per(1, 60), riders_bulk: per(1, 15), riders_single: per(5, 1), ...sameForAll },
  premium: { clubs: per(10, 60), riders_bulk: per(10, 15), riders_single: per(10, 1), ...sameForAll },
};

/** Budgets whose policy differs from the tier's, for every key. */
export const policyOverrides = z.partialRecord(z.enum(budgets), policy);
export type PolicyOverrides = z.output<typeof policyOverrides>;

/** Changes to the overrides: `null` gives a budget its tier's policy back. */
export const policyChanges = z.partialRecord(z.enum(budgets), policy.nullable());
export type PolicyChanges = z.output<typeof policyChanges>;
