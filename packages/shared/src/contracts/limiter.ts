import { z } from 'zod';
import { budgets, lanes, moment, traceContext } from './vocabulary.ts';

const place = { account: z.string().min(1), endpoint: z.enum(budgets) };
const policy = z.object({ limit: z.number().int().positive(), windowMs: z.number().positive() });

/** Asks for a permit; asked again with the same ticket it is a heartbeat, and an unasked-for ticket leaves the queue. */
export const acquire = z.object({
  do: z.literal('acquire'),
  ticket: z.string().min(1),
  ...place,
  lane: z.enum(lanes),
  /** After this moment a permit is of no use to the asker. */
  deadline: moment.optional(),
  /** The asker's own slot, while it is open: it goes before other scheduled syncs. */
  slotId: z.string().optional(),
  /** When this ticket was first asked for: a new limiter gives it the same place in line. */
  firstAskedAt: moment,
  /** The client to which an offer is sent as soon as the permit is free. */
  offerTo: z.string().regex(/^[\w-]+$/),
  trace: traceContext,
});

/** The commit point: from here on the call counts against the window. */
export const start = z.object({
  do: z.literal('start'),
  ...place,
  permit: z.string().min(1),
  trace: traceContext,
});

/** How a call ended. `not_sent`: it never left, and never will. */
export const outcome = z.object({
  result: z.enum(['answered', 'unanswered', 'not_sent']),
  status: z.number().int().optional(),
  durationMs: z.number().nonnegative().optional(),
  /** How long upstream asked us to stay away, project ms. */
  retryAfterMs: z.number().nonnegative().optional(),
  /** The policy that upstream says it enforces. */
  learned: policy.optional(),
});
export type Outcome = z.infer<typeof outcome>;

export const settle = z.object({ do: z.literal('settle'), ...place, permit: z.string().min(1), outcome });

/** Gives a ticket's place, or a permit that was not started, back. */
export const cancel = z.object({ do: z.literal('cancel'), ...place, id: z.string().min(1) });

export const ask = z.discriminatedUnion('do', [acquire, start, settle, cancel]);
export type Ask = z.infer<typeof ask>;
export type AskOf<Verb extends Ask['do']> = Extract<Ask, { do: Verb }>;

export const answer = z.discriminatedUnion('answer', [
  /** The permit is held for the asker until `startBy`. */
  z.object({ answer: z.literal('granted'), permit: z.string(), startBy: moment }),
  z.object({
    answer: z.literal('waiting'),
    /** 1 is next. */
    position: z.number().int().positive(),
    ahead: z.number().int().nonnegative(),
    reason: z.enum(['waiting_in_line', 'waiting_for_window', 'paused_by_upstream']),
    /** When this ticket is expected to run. */
    estimatedAt: moment,
    /** Real ms after which the asker must have asked again to keep its place. */
    askAgainIn: z.number().positive(),
  }),
  z.object({ answer: z.literal('refused'), reason: z.enum(['deadline_unreachable']), earliest: moment }),
  /** Real ms, counted from when the asker sent `start`, within which the call must have been sent. */
  z.object({ answer: z.literal('started'), sendBy: z.number().positive() }),
  z.object({ answer: z.literal('expired') }),
  z.object({ answer: z.literal('settled') }),
  z.object({ answer: z.literal('cancelled') }),
  /** The limiter can't commit right now; nothing was decided, ask again. */
  z.object({ answer: z.literal('unavailable'), reason: z.string() }),
]);
export type Answer = z.infer<typeof answer>;

/** The asks of one event-loop turn, and their answers in the same order. */
export const askBatch = z.object({ asks: z.array(ask).min(1).max(1_000) });
export const answerBatch = z.object({ answers: z.array(answer) });

/** A waiter's turn has come: its permit, pushed before it asks again. */
export const offer = z.object({ ticket: z.string(), permit: z.string(), startBy: moment });
export type Offer = z.infer<typeof offer>;

export const conflict = z.object({
  account: z.string(),
  /** Who waits. */
  lane: z.enum(lanes),
  /** Whose calls or earlier places it waits for. */
  blockedBy: z.enum(lanes),
  endpoint: z.enum(budgets),
  at: moment,
  /** How long the wait is expected to be, project ms. */
  expectedWaitMs: z.number().nonnegative(),
});
export type Conflict = z.infer<typeof conflict>;

/** One permit's life as others may follow it. */
export const permitChanged = z.discriminatedUnion('change', [
  z.object({ change: z.literal('started'), permit: z.string(), ...place, lane: z.enum(lanes), at: moment }),
  z.object({ change: z.literal('settled'), permit: z.string(), ...place, outcome, at: moment }),
  z.object({ change: z.literal('returned'), permit: z.string(), ...place, at: moment }),
]);

export const alert = z.object({
  type: z.enum(['rate_limit_exceeded']),
  at: moment,
  account: z.string(),
  endpoint: z.enum(budgets),
  message: z.string(),
});

/** The limiter's state of one account, for people and metrics. */
export const coordination = z.object({
  rateLimitUsage: z.record(
    z.enum(budgets),
    z.object({
      used: z.number().int().nonnegative(),
      available: z.number().int().nonnegative(),
      /** When the next call becomes free, or null when one is free now. */
      resetAt: moment.nullable(),
    }),
  ),
  conflicts: z.object({ count: z.number().int().nonnegative(), lastConflict: conflict.nullable() }),
  /** Waits in project ms: of those who wait now and of those who were granted within the last hour. */
  queue: z.object({
    pending: z.number().int().nonnegative(),
    avgWaitTime: z.number().nonnegative(),
    maxWaitTime: z.number().nonnegative(),
  }),
});
export type Coordination = z.infer<typeof coordination>;
export const statusQuery = z.object({ account: z.string().min(1) });
