import { z } from 'zod';
import { attribution, outcome } from './limiter.ts';
import { timestamp, policy } from './vocabulary.ts';

const budgetKey = { account: z.string(), endpoint: z.string().min(1) };

/** A started call as an interval in which it arrives upstream: not before `startedAt`, not after `arrivesBy`. */
export const interval = z.object({
  permit: z.string(),
  lane: z.string(),
  startedAt: timestamp,
  arrivesBy: timestamp,
  settled: z.boolean(),
  /** The journal had lost it. */
  restored: z.literal(true).optional(),
});
export type Interval = z.infer<typeof interval>;

export const authority = z.enum(['upstream', 'operator']);
export type Authority = z.infer<typeof authority>;

/** What showed that another program uses the key: upstream's counters, or a 429. */
const foreignSign = z.enum(['counter', 'rejection']);

/** Calls of other programs with the same key that count in a budget, as if each group had arrived at `arrivesBy`. */
export const foreignCalls = z.object({
  /** When this use was first seen, and last. */
  since: timestamp,
  lastAt: timestamp,
  by: foreignSign,
  calls: z.array(z.object({ arrivesBy: timestamp, calls: z.number().int().positive() })),
});
export type ForeignCalls = z.infer<typeof foreignCalls>;

/** The state of a budget that the journal restores. */
export const budgetRecord = z.object({
  ...budgetKey,
  intervals: z.array(interval),
  /** No call starts before these times: a pause by upstream, and one by the operator. */
  pausedUntil: z.object({ upstream: timestamp.nullable(), operator: timestamp.nullable() }),
  /** From a pause by upstream until a later call succeeds: only one call goes at a time. */
  probing: z.boolean(),
  /** Instead of the documented policy, headers don't loosen these: what 429s have taught, and what an operator set. */
  floor: z.object({ upstream: policy.nullable(), operator: policy.nullable() }).optional(),
  /** Replaces the documented policy. */
  policy: policy.extend({ from: authority, since: timestamp }).nullable(),
  /** No call starts before this time: unknown earlier calls may still count in a longer window. */
  unknownUntil: timestamp.nullable(),
  /** Rejections since the last success; calls rejected together count once. */
  consecutiveRejections: z.number().int(),
  lastRejected: z.object({ at: timestamp, attribution }).nullable(),
  foreign: foreignCalls.optional(),
});
export type BudgetRecord = z.infer<typeof budgetRecord>;

/** The limiter's facts, in commit order. */
export const fact = z.discriminatedUnion('fact', [
  /** A limiter takes over. The sequence of this entry is its epoch, the prefix of its permit ids. */
  z.object({ fact: z.literal('claimed'), owner: z.string(), at: timestamp }),
  /** Entries of the journal are lost: calls from before count as spent from here on. */
  z.object({ fact: z.literal('journal_lost'), at: timestamp }),
  /** The journal lost the start of this call, but Postgres has a record of it: it counts again. */
  z.object({ fact: z.literal('call_restored'), ...budgetKey, interval, at: timestamp }),
  z.object({
    fact: z.literal('started'),
    ...budgetKey,
    interval,
    requestedAt: timestamp,
    firstEstimate: timestamp.nullable(),
  }),
  z.object({
    fact: z.literal('settled'),
    ...budgetKey,
    permit: z.string(),
    arrivesBy: timestamp,
    outcome,
    at: timestamp,
  }),
  z.object({ fact: z.literal('returned'), ...budgetKey, permit: z.string(), at: timestamp }),
  /** Upstream answered 429. `policy` was in force until then, `learned` is what 429s have taught after it. */
  z.object({
    fact: z.literal('rejected'),
    ...budgetKey,
    permit: z.string(),
    at: timestamp,
    policy,
    attribution,
    learned: policy.optional(),
  }),
  /** `calls` more calls of other programs count from now on; `since`: see `foreignCalls`. */
  z.object({
    fact: z.literal('foreign_booked'),
    ...budgetKey,
    by: foreignSign,
    at: timestamp,
    since: timestamp,
    arrivesBy: timestamp,
    calls: z.number().int().positive(),
  }),
  z.object({
    fact: z.literal('paused'),
    ...budgetKey,
    by: authority,
    at: timestamp,
    until: timestamp,
    consecutiveRejections: z.number().int(),
  }),
  z.object({ fact: z.literal('resumed'), ...budgetKey, by: authority, at: timestamp }),
  /** `policy` null: back to the documented one. `unknownUntil`: see `budgetRecord`. */
  z.object({
    fact: z.literal('policy_changed'),
    ...budgetKey,
    by: authority,
    at: timestamp,
    policy: policy.nullable(),
    unknownUntil: timestamp.nullable(),
  }),
]);
export type Fact = z.infer<typeof fact>;
export type FactOf<Name extends Fact['fact']> = Extract<Fact, { fact: Name }>;

const place = {
  /** Recovery reads from this sequence on (0: from the start); older entries are history. */
  recoverFrom: z.number().int(),
  /** The sequence of the message before it (0: none): if another one is before it, entries are lost. */
  previous: z.number().int().optional(),
};

/** One append. */
export const journalEntry = z.discriminatedUnion('entry', [
  z.object({ entry: z.literal('facts'), ...place, facts: z.array(fact).min(1) }),
  /** The current state of some budgets, which replaces everything earlier about them. */
  z.object({
    entry: z.literal('snapshot'),
    ...place,
    owner: z.string(),
    at: timestamp,
    lostAt: timestamp.nullable(),
    budgets: z.array(budgetRecord),
  }),
]);
export type JournalEntry = z.infer<typeof journalEntry>;

/** The `reached` of a partition whose journal was restored from a backup: it had reached further, to an unknown sequence. */
export const journalRestored = Number.MAX_SAFE_INTEGER;
