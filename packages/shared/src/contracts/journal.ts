import { budgetNames, laneNames } from '../definition/index.ts';
import { z } from 'zod';
import { attribution, outcome } from './limiter.ts';
import { timestamp, policy } from './vocabulary.ts';

const place = { account: z.string(), endpoint: z.enum(budgetNames) };

/** A started call as an interval in which it arrives upstream: not before `startedAt`, not after `arrivesBy`. */
export const interval = z.object({
  permit: z.string(),
  lane: z.enum(laneNames),
  startedAt: timestamp,
  arrivesBy: timestamp,
  settled: z.boolean(),
});
export type Interval = z.infer<typeof interval>;

export const authority = z.enum(['upstream', 'operator']);
export type Authority = z.infer<typeof authority>;

/** What a budget remembers for good. */
export const budgetRecord = z.object({
  ...place,
  intervals: z.array(interval),
  /** Until when no call may start, by who paused it. */
  pausedUntil: z.object({ upstream: timestamp.nullable(), operator: timestamp.nullable() }),
  /** True from a pause of upstream's until a call that began after it was let in: only one may go. */
  probing: z.boolean(),
  /** What is kept instead of the documented policy. */
  policy: policy.extend({ from: authority, since: timestamp }).nullable(),
  /** Calls of before a longer window was known may count until then: none may join them. */
  unknownUntil: timestamp.nullable(),
  /** 429s in a row. */
  consecutiveRejections: z.number().int(),
  lastRejected: z.object({ at: timestamp, attribution }).nullable(),
});
export type BudgetRecord = z.infer<typeof budgetRecord>;

/** The facts of the limiter, in the order in which they were committed. */
export const fact = z.discriminatedUnion('fact', [
  /** A limiter takes over: the sequence of this entry is the epoch, with which every permit of its begins. */
  z.object({ fact: z.literal('claimed'), owner: z.string(), at: timestamp }),
  /** The journal of before is gone although there was one: whatever it held counts as spent from here on. */
  z.object({ fact: z.literal('journal_lost'), at: timestamp }),
  z.object({
    fact: z.literal('started'),
    ...place,
    interval,
    requestedAt: timestamp,
    firstEstimate: timestamp.nullable(),
  }),
  z.object({
    fact: z.literal('settled'),
    ...place,
    permit: z.string(),
    arrivesBy: timestamp,
    outcome,
    at: timestamp,
  }),
  z.object({ fact: z.literal('returned'), ...place, permit: z.string(), at: timestamp }),
  /** Upstream answered 429. `policy` is the one that was kept until then. */
  z.object({ fact: z.literal('rejected'), ...place, permit: z.string(), at: timestamp, policy, attribution }),
  z.object({
    fact: z.literal('paused'),
    ...place,
    by: authority,
    at: timestamp,
    until: timestamp,
    consecutiveRejections: z.number().int(),
  }),
  z.object({ fact: z.literal('resumed'), ...place, by: authority, at: timestamp }),
  /** `policy` null: back to the documented one. `unknownUntil`: see the record. */
  z.object({
    fact: z.literal('policy_changed'),
    ...place,
    by: authority,
    at: timestamp,
    policy: policy.nullable(),
    unknownUntil: timestamp.nullable(),
  }),
]);
export type Fact = z.infer<typeof fact>;
export type FactOf<Name extends Fact['fact']> = Extract<Fact, { fact: Name }>;

/** One append. Recovery reads from the sequence `recoverFrom` on (0: the beginning); older entries are history. */
export const journalEntry = z.discriminatedUnion('entry', [
  z.object({ entry: z.literal('facts'), recoverFrom: z.number().int(), facts: z.array(fact).min(1) }),
  /** The current state of some budgets: it replaces what came before about these. */
  z.object({
    entry: z.literal('snapshot'),
    recoverFrom: z.number().int(),
    owner: z.string(),
    at: timestamp,
    lostAt: timestamp.nullable(),
    budgets: z.array(budgetRecord),
  }),
]);
export type JournalEntry = z.infer<typeof journalEntry>;

/** The high-water mark of each journal, stored apart from it: a key for each partition, its value a sequence. */
export const highWaterBucket = 'LIMITER';
export const highWaterKey = (partition: number): string => `high-water-${partition}`;

/** The mark of a journal that comes from a backup: it reached further, to an unknown sequence. */
export const journalRestored = Number.MAX_SAFE_INTEGER;
