import { z } from 'zod';
import { budgetNames, laneNames } from '../definition/index.ts';
import { timestamp, policy, traceContext } from './vocabulary.ts';

const place = { account: z.string().min(1), endpoint: z.enum(budgetNames) };

/** Requests a permit. Sent again with the same ticket it is a heartbeat; without one the ticket leaves the queue. */
export const acquire = z.object({
  do: z.literal('acquire'),
  ticket: z.string().min(1),
  ...place,
  lane: z.enum(laneNames),
  /** After this timestamp a permit is of no use. */
  deadline: timestamp.optional(),
  /** The sync's own slot, while it is open: it goes before other scheduled syncs. */
  slotId: z.string().optional(),
  /** When this ticket was first requested: a new limiter gives it the same place in the queue. */
  requestedAt: timestamp,
  /** The first estimate it was given: whether it was kept is counted, also after a failover. */
  firstEstimate: timestamp.optional(),
  /** Start it in the same request when it is free at once: one round trip. The call must be ready to be sent. */
  start: z.boolean().optional(),
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

/** Gives a ticket's place or permit back: no call was made with it, and none will be. */
export const cancel = z.object({ do: z.literal('cancel'), ...place, id: z.string().min(1) });

export const permitRequest = z.discriminatedUnion('do', [acquire, start, settle, cancel]);
export type PermitRequest = z.infer<typeof permitRequest>;
export type PermitRequestOf<Verb extends PermitRequest['do']> = Extract<PermitRequest, { do: Verb }>;

export const permitReply = z.discriminatedUnion('answer', [
  /** The permit is held until `startBy`. */
  z.object({ answer: z.literal('granted'), permit: z.string(), startBy: timestamp }),
  z.object({
    answer: z.literal('waiting'),
    /** 1 is next. */
    position: z.number().int().positive(),
    ahead: z.number().int().nonnegative(),
    reason: z.enum(['waiting_in_line', 'waiting_for_window', 'paused_by_upstream', 'paused_by_operator']),
    estimatedAt: timestamp,
    /** Real ms within which the request must be sent again to keep its place. */
    retryIn: z.number().positive(),
  }),
  z.object({ answer: z.literal('refused'), reason: z.enum(['deadline_unreachable']), earliest: timestamp }),
  /** Real ms from when the `start` was sent, within which the call must be sent. 0: too late. */
  z.object({ answer: z.literal('started'), permit: z.string(), sendBy: z.number().nonnegative() }),
  z.object({ answer: z.literal('expired') }),
  z.object({ answer: z.literal('settled') }),
  z.object({ answer: z.literal('cancelled') }),
  /** The limiter can't commit right now; nothing was decided, try again. */
  z.object({ answer: z.literal('unavailable'), reason: z.string() }),
]);
export type PermitReply = z.infer<typeof permitReply>;

export const operation = z.discriminatedUnion('do', [
  /** No call starts until then. */
  z.object({ do: z.literal('pause'), ...place, until: timestamp }),
  /** Ends the operator's own pause. */
  z.object({ do: z.literal('resume'), ...place }),
  /** Ends a pause after a 429: one call goes ahead at once to see whether upstream is open. */
  z.object({ do: z.literal('release'), ...place }),
  /** From now on this policy is kept, until upstream names a stricter one. */
  z.object({ do: z.literal('set_policy'), ...place, policy }),
  /** Back to what upstream's vendor documents: what was learned or set is forgotten. */
  z.object({ do: z.literal('forget_policy'), ...place }),
]);
export type Operation = z.infer<typeof operation>;
export const operationReply = z.discriminatedUnion('answer', [
  z.object({ answer: z.literal('done') }),
  z.object({ answer: z.literal('unavailable'), reason: z.string() }),
]);
export type OperationReply = z.infer<typeof operationReply>;

/** The requests of one event-loop turn, and their replies in the same order. */
export const permitRequests = z.object({ requests: z.array(permitRequest).min(1).max(500) });
export const permitReplies = z.object({ replies: z.array(permitReply) });

/** The permit of a request that waits, pushed before it is sent again. */
export const offer = z.object({ ticket: z.string(), permit: z.string(), startBy: timestamp });
export type Offer = z.infer<typeof offer>;

export const conflict = z.object({
  account: z.string(),
  /** The lane that waits. */
  lane: z.enum(laneNames),
  /** The lane whose calls, or earlier places, it waits for. */
  blockedBy: z.enum(laneNames),
  endpoint: z.enum(budgetNames),
  at: timestamp,
  /** How long the wait is expected to be, project ms. */
  expectedWaitMs: z.number().nonnegative(),
});
export type Conflict = z.infer<typeof conflict>;

/** One permit's life as others may follow it. */
const permitChange = z.discriminatedUnion('change', [
  z.object({
    change: z.literal('started'),
    permit: z.string(),
    ...place,
    lane: z.enum(laneNames),
    at: timestamp,
  }),
  z.object({ change: z.literal('settled'), permit: z.string(), ...place, outcome, at: timestamp }),
  z.object({ change: z.literal('returned'), permit: z.string(), ...place, at: timestamp }),
]);
export type PermitChange = z.infer<typeof permitChange>;
/** What became of permits in the last timestamp, in order. */
export const permitsChanged = z.object({ changes: z.array(permitChange).min(1) });

/**
 * What caused a 429, as far as the ledger shows: `ours` (our own calls filled the window), `policy_changed`
 * (upstream enforces another policy than the one we kept), `unreported_permit` (a call of ours that was never settled may
 * have arrived later than assumed), `foreign_caller` (another program uses the same key).
 */
export const attribution = z.enum(['ours', 'policy_changed', 'unreported_permit', 'foreign_caller']);
export type Attribution = z.infer<typeof attribution>;

export const alert = z.object({
  type: z.enum(['rate_limit_exceeded', 'limit_learned', 'journal_lost']),
  at: timestamp,
  /** Absent: it is about all of them. */
  account: z.string().optional(),
  endpoint: z.enum(budgetNames).optional(),
  message: z.string(),
  /** With `rate_limit_exceeded`. */
  attribution: attribution.optional(),
});

/** Usage, queue and conflicts of one account. */
export const coordination = z.object({
  rateLimitUsage: z.record(
    z.enum(budgetNames),
    z.object({
      used: z.number().int().nonnegative(),
      available: z.number().int().nonnegative(),
      /** When the next call becomes free, or null when one is free now. */
      resetAt: timestamp.nullable(),
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

/** One budget of an account: its window with every permit in it, and the requests that wait. */
export const windowView = z.object({
  endpoint: z.enum(budgetNames),
  /** The policy that is kept now, where it comes from, and since when (null: always). */
  policy: policy.extend({
    from: z.enum(['documented', 'upstream', 'operator']),
    since: timestamp.nullable(),
  }),
  documented: policy,
  /** The calls that count now. One that is not settled may still be under way: `leavesAt` is its latest. */
  permits: z.array(
    z.object({
      permit: z.string(),
      lane: z.enum(laneNames),
      startedAt: timestamp,
      settled: z.boolean(),
      leavesAt: timestamp,
    }),
  ),
  available: z.number().int().nonnegative(),
  /** When the next call becomes free; null: now. */
  freeAt: timestamp.nullable(),
  pausedUntil: z.object({ upstream: timestamp.nullable(), operator: timestamp.nullable() }),
  /** After a pause one call goes ahead alone. */
  probing: z.boolean(),
  /** Nothing may go before it: calls of before a longer window was known may still count. */
  unknownUntil: timestamp.nullable(),
  waiting: z.object({
    count: z.number().int().nonnegative(),
    /** The first ones, in the order in which they go. */
    next: z.array(
      z.object({
        ticket: z.string(),
        lane: z.enum(laneNames),
        requestedAt: timestamp,
        estimatedAt: timestamp,
      }),
    ),
  }),
  lastRejected: z.object({ at: timestamp, attribution }).nullable(),
});
export type WindowView = z.infer<typeof windowView>;

/** Every budget of an account, and how often the first promise to a waiter was kept since this limiter took over. */
export const windowsView = z.object({
  windows: z.array(windowView),
  estimates: z.object({ kept: z.number().int().nonnegative(), missed: z.number().int().nonnegative() }),
});
export type WindowsView = z.infer<typeof windowsView>;
export const statusQuery = z.object({ account: z.string().min(1) });
/** `waiting`: how many waiting requests of each budget are listed. */
export const windowsQuery = statusQuery.extend({ waiting: z.number().int().min(0).max(1_000).optional() });

/** A partition that a limiter owns, and the sequence of its claim in the journal: null while it still claims it. */
export const partitionOwnership = z.object({
  partition: z.number().int().nonnegative(),
  claim: z.number().int().positive().nullable(),
});
export type PartitionOwnership = z.infer<typeof partitionOwnership>;

export const heartbeat = z.object({
  limiter: z.string().regex(/^[\w-]+$/),
  /** Counts its beats: receiving its own newest one shows a limiter that it is connected. */
  sequence: z.number().int().positive(),
  owns: z.array(partitionOwnership),
  /** It is shutting down: its partitions are free. */
  leaving: z.boolean(),
});
export type Heartbeat = z.infer<typeof heartbeat>;

export const emptyPayload = z.object({});
