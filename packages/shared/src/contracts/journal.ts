import { z } from 'zod';
import { outcome } from './limiter.ts';
import { budgets, lanes, moment } from './vocabulary.ts';

const place = { account: z.string(), endpoint: z.enum(budgets) };
const policy = z.object({ limit: z.number().int().positive(), windowMs: z.number().positive() });

/** A started call as an interval in which it arrives upstream: not before `startedAt`, not after `latestAt`. */
export const interval = z.object({
  permit: z.string(),
  lane: z.enum(lanes),
  startedAt: moment,
  latestAt: moment,
  settled: z.boolean(),
});
export type Interval = z.infer<typeof interval>;

/** What a budget remembers for good. */
export const budgetRecord = z.object({
  ...place,
  intervals: z.array(interval),
  pausedUntil: moment.nullable(),
  /** True from the end of a pause until its first call is answered: only one may go. */
  probing: z.boolean(),
  learned: policy.nullable(),
  failures: z.number().int(),
});
export type BudgetRecord = z.infer<typeof budgetRecord>;

/** The facts of the limiter, in the order in which they were committed. */
export const fact = z.discriminatedUnion('fact', [
  z.object({ fact: z.literal('claimed'), owner: z.string(), at: moment }),
  z.object({ fact: z.literal('started'), ...place, interval }),
  z.object({
    fact: z.literal('settled'),
    ...place,
    permit: z.string(),
    latestAt: moment,
    outcome,
    at: moment,
  }),
  z.object({ fact: z.literal('returned'), ...place, permit: z.string(), at: moment }),
  z.object({ fact: z.literal('paused'), ...place, at: moment, until: moment, failures: z.number().int() }),
  z.object({ fact: z.literal('learned'), ...place, policy }),
]);
export type Fact = z.infer<typeof fact>;

/** One append: the facts of one turn, or everything that is still of weight (a snapshot replaces all before it). */
export const journalEntry = z.discriminatedUnion('entry', [
  z.object({ entry: z.literal('facts'), facts: z.array(fact).min(1) }),
  z.object({ entry: z.literal('snapshot'), owner: z.string(), at: moment, budgets: z.array(budgetRecord) }),
]);
export type JournalEntry = z.infer<typeof journalEntry>;
