import { z } from 'zod';
import { timestamp, policy, traceContext } from './vocabulary.ts';

/** The budget of an account. */
const budgetKey = { account: z.string().min(1), endpoint: z.string().min(1) };

/** Whether the reply that the permit is started says what is left of its windows. */
const left = z.boolean().optional();

/** Requests a permit. Repeated with the same ticket it is a heartbeat; without heartbeats the ticket leaves the queue. */
export const acquire = z.object({
  do: z.literal('acquire'),
  ticket: z.string().min(1),
  ...budgetKey,
  lane: z.string(),
  /** The latest useful start; a request that can't meet it is refused. */
  deadline: timestamp.optional(),
  /** Set while the sync's own slot is open: it then goes before other scheduled syncs. */
  slotId: z.string().optional(),
  /** When this ticket was first requested, so that a new limiter gives it the same place in the queue. */
  requestedAt: timestamp,
  /** The first estimate given to this ticket, so that its accuracy is counted even after a failover. */
  firstEstimate: timestamp.optional(),
  /** Also start the permit if it is free immediately, which saves a round trip. The call must be ready to be sent. */
  start: z.boolean().optional(),
  left,
  /** The client that gets an offer when the permit becomes free. */
  offerTo: z.string().regex(/^[\w-]+$/),
  trace: traceContext,
});

/** The commit point: from here on the call counts against the window. */
export const start = z.object({
  do: z.literal('start'),
  ...budgetKey,
  permit: z.string().min(1),
  left,
  trace: traceContext,
});

/** What an answer's headers say about a budget. They may be wrong: `services/limiter` doubts them. */
export const usage = z.object({
  budget: z.string().min(1),
  limit: z.number().int().nonnegative().optional(),
  /** Calls that upstream counts in the current window, by any program. */
  used: z.number().int().nonnegative().optional(),
  remaining: z.number().int().nonnegative().optional(),
});
export type Usage = z.infer<typeof usage>;

/** How a call ended. `not_sent`: it was not sent and never will be. */
export const outcome = z.object({
  result: z.enum(['answered', 'unanswered', 'not_sent']),
  status: z.number().int().optional(),
  durationMs: z.number().nonnegative().optional(),
  /** The wait that a failed answer names, project ms. */
  retryAfterMs: z.number().nonnegative().optional(),
  /** The policy that rejected the call, from the body of a 429. */
  learned: policy.optional(),
  /** The policy that the answer's headers advertise: it may make the limit stricter, never looser. */
  advertised: policy.optional(),
  /** The usage of the budgets that the call counts in, as far as the answer's headers name it. */
  usage: z.array(usage).optional(),
  /** With `not_sent`: Postgres knows a later owner of the partition than the limiter that started the permit. */
  superseded: z.boolean().optional(),
});
export type Outcome = z.infer<typeof outcome>;

export const settle = z.object({ do: z.literal('settle'), ...budgetKey, permit: z.string().min(1), outcome });

/** Gives up a ticket's position or permit: no call was made with it, and none will be. */
export const cancel = z.object({ do: z.literal('cancel'), ...budgetKey, id: z.string().min(1) });

export const permitRequest = z.discriminatedUnion('do', [acquire, start, settle, cancel]);
export type PermitRequest = z.infer<typeof permitRequest>;
export type PermitRequestOf<Verb extends PermitRequest['do']> = Extract<PermitRequest, { do: Verb }>;

/** Why a deadline can't be met: the queue and the windows, or a pause that ends later. */
const refusals = ['deadline_unreachable', 'paused_by_upstream', 'paused_by_operator'] as const;
export type Refusal = (typeof refusals)[number];

/** What is left of a window once a permit is started. */
const windowLeft = z.object({
  budget: z.string().min(1),
  policy,
  available: z.number().int().nonnegative(),
  /** When the next call becomes free; null: now. */
  freeAt: timestamp.nullable(),
});
export type WindowLeft = z.infer<typeof windowLeft>;

export const permitReply = z.discriminatedUnion('answer', [
  /** The permit is held until `startBy`. */
  z.object({ answer: z.literal('granted'), permit: z.string(), startBy: timestamp }),
  z.object({
    answer: z.literal('waiting'),
    /** 1 is next. */
    position: z.number().int().positive(),
    ahead: z.number().int().nonnegative(),
    reason: z.enum(['waiting_in_line', 'waiting_for_window', 'paused_by_upstream', 'paused_by_operator']),
    /** The budget that it waits for: of several, the one that is free last. Absent: of a limiter of a version before. */
    budget: z.string().min(1).optional(),
    estimatedAt: timestamp,
    /** Real ms within which the request must be sent again to keep its place. */
    retryIn: z.number().positive(),
  }),
  z.object({ answer: z.literal('refused'), reason: z.enum(refusals), earliest: timestamp }),
  /** The call must be sent within `sendBy` real ms after the `start` was sent. 0: too late. */
  z.object({
    answer: z.literal('started'),
    permit: z.string(),
    sendBy: z.number().nonnegative(),
    /** The owner's term, under which the call is recorded. Absent: an owner of a version without terms. */
    term: z.number().int().optional(),
    left: z.array(windowLeft).optional(),
  }),
  z.object({ answer: z.literal('expired') }),
  z.object({ answer: z.literal('settled') }),
  z.object({ answer: z.literal('cancelled') }),
  /** The limiter can't commit right now. Nothing was decided, so repeat the request. */
  z.object({ answer: z.literal('unavailable'), reason: z.string() }),
]);
export type PermitReply = z.infer<typeof permitReply>;

export const operation = z.discriminatedUnion('do', [
  /** No call starts before `until`. */
  z.object({ do: z.literal('pause'), ...budgetKey, until: timestamp }),
  /** Ends the operator's own pause. */
  z.object({ do: z.literal('resume'), ...budgetKey }),
  /** Ends a pause after a 429: one call probes immediately whether upstream accepts calls again. */
  z.object({ do: z.literal('release'), ...budgetKey }),
  /** Applies this policy until upstream reports a stricter one. */
  z.object({ do: z.literal('set_policy'), ...budgetKey, policy }),
  /** Back to the documented policy: a learned or set one is forgotten. */
  z.object({ do: z.literal('forget_policy'), ...budgetKey }),
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

/** A permit for a waiting request, sent before the client repeats it. */
export const offer = z.object({ ticket: z.string(), permit: z.string(), startBy: timestamp });
export type Offer = z.infer<typeof offer>;

export const conflict = z.object({
  account: z.string(),
  /** The waiting lane. */
  lane: z.string(),
  /** The lane whose calls or earlier requests it waits for. */
  blockedBy: z.string(),
  endpoint: z.string().min(1),
  /** The budget that it waits for. Absent, in an event of a version before: the endpoint's only one, with its name. */
  budget: z.string().min(1).optional(),
  at: timestamp,
  /** Project ms until the calls ahead leave a permit free; urgent requests that may overtake it do not count. */
  expectedWaitMs: z.number().nonnegative(),
});
export type Conflict = z.infer<typeof conflict>;

/** A change of one permit, for clients that follow them. */
const permitChange = z.discriminatedUnion('change', [
  z.object({
    change: z.literal('started'),
    permit: z.string(),
    ...budgetKey,
    lane: z.string(),
    at: timestamp,
  }),
  z.object({ change: z.literal('settled'), permit: z.string(), ...budgetKey, outcome, at: timestamp }),
  z.object({ change: z.literal('returned'), permit: z.string(), ...budgetKey, at: timestamp }),
]);
export type PermitChange = z.infer<typeof permitChange>;
/** The permit changes of up to 200 ms, in order. */
export const permitsChanged = z.object({ changes: z.array(permitChange).min(1) });

/**
 * What caused a 429, as far as the ledger shows: `ours` (our own calls filled the window), `operator_limit` (an
 * operator had set a looser limit than upstream enforces), `policy_changed`
 * (upstream enforces another policy than ours), `unreported_permit` (an unsettled call of ours may have
 * arrived later than assumed), `foreign_caller` (another program uses the same key).
 */
export const attribution = z.enum([
  'ours',
  'operator_limit',
  'policy_changed',
  'unreported_permit',
  'foreign_caller',
]);
export type Attribution = z.infer<typeof attribution>;

export const alert = z.object({
  type: z.enum(['rate_limit_exceeded', 'limit_learned', 'journal_lost']),
  at: timestamp,
  /** Absent: all accounts are affected. */
  account: z.string().optional(),
  endpoint: z.string().min(1).optional(),
  message: z.string(),
  /** Only with `rate_limit_exceeded`. */
  attribution: attribution.optional(),
});

/** Usage, queue and conflicts of one account. */
export const coordination = z.object({
  rateLimitUsage: z.record(
    z.string(),
    z.object({
      used: z.number().int().nonnegative(),
      available: z.number().int().nonnegative(),
      /** When the next call becomes free; null: now. */
      resetAt: timestamp.nullable(),
    }),
  ),
  conflicts: z.object({ count: z.number().int().nonnegative(), lastConflict: conflict.nullable() }),
  /** Waits in project ms, of requests that wait now or were granted within the last hour. */
  queue: z.object({
    pending: z.number().int().nonnegative(),
    /** How many requests the average is of. Absent: of a limiter of a version before. */
    counted: z.number().int().nonnegative().optional(),
    avgWaitTime: z.number().nonnegative(),
    maxWaitTime: z.number().nonnegative(),
  }),
});
export type Coordination = z.infer<typeof coordination>;

/** Calls of other programs that count in a window, by when they leave it. */
const foreignUse = z.object({
  /** When this use was first seen, and last. */
  since: timestamp,
  lastAt: timestamp,
  /** What showed it: upstream's counters, or a 429. */
  by: z.enum(['counter', 'rejection']),
  calls: z.array(z.object({ calls: z.number().int().positive(), leavesAt: timestamp })),
});

/** One budget of an account: its window with every permit in it, and its waiting requests. */
export const windowView = z.object({
  endpoint: z.string().min(1),
  /** The policy in force, its source, and since when (null: from the start). */
  policy: policy.extend({
    from: z.enum(['documented', 'upstream', 'operator']),
    since: timestamp.nullable(),
  }),
  documented: policy,
  /** The last policy that upstream's headers advertised. A looser one doesn't apply. */
  advertised: policy.optional(),
  /** The calls that count now. `leavesAt` of an unsettled call is the latest possible time. */
  permits: z.array(
    z.object({
      permit: z.string(),
      lane: z.string(),
      startedAt: timestamp,
      settled: z.boolean(),
      leavesAt: timestamp,
      /** The limiter's journal had lost it: it counts again from the call log. */
      restored: z.literal(true).optional(),
    }),
  ),
  /** Calls that count now but are too many to list in `permits`, by lane and about when they started. */
  earlier: z
    .array(z.object({ at: timestamp, lane: z.string(), calls: z.number().int().positive() }))
    .optional(),
  /** Calls of other programs with the same key, in the order in which they leave. */
  foreign: foreignUse.optional(),
  /** Of a window that upstream resets at fixed times: the current one. */
  aligned: z
    .object({
      from: timestamp,
      until: timestamp,
      /** If the window is paced: how many calls it may hold now for the lanes that are not forced. */
      pace: z.number().int().nonnegative().optional(),
    })
    .optional(),
  available: z.number().int().nonnegative(),
  /** When the next call becomes free; null: now. */
  freeAt: timestamp.nullable(),
  pausedUntil: z.object({ upstream: timestamp.nullable(), operator: timestamp.nullable() }),
  /** After a pause by upstream, a single call is made first. */
  probing: z.boolean(),
  /** No call starts before this time: unknown earlier calls may still count in a longer window. */
  unknownUntil: timestamp.nullable(),
  /** The requests that wait for this budget: of several that a call counts in, the one that is free last. */
  waiting: z.object({
    count: z.number().int().nonnegative(),
    /** Their number per lane, without empty lanes. */
    lanes: z.array(z.object({ lane: z.string(), count: z.number().int().positive() })).optional(),
    /** The first ones, in queue order. */
    next: z.array(
      z.object({
        ticket: z.string(),
        lane: z.string(),
        requestedAt: timestamp,
        estimatedAt: timestamp,
      }),
    ),
  }),
  lastRejected: z.object({ at: timestamp, attribution }).nullable(),
});
export type WindowView = z.infer<typeof windowView>;

/** Every budget of an account, and how many first estimates were kept since this limiter took over. */
export const windowsView = z.object({
  windows: z.array(windowView),
  estimates: z.object({ kept: z.number().int().nonnegative(), missed: z.number().int().nonnegative() }),
});
export type WindowsView = z.infer<typeof windowsView>;
export const statusQuery = z.object({ account: z.string().min(1) });
/** `waiting`: how many waiting requests to list per budget. */
export const windowsQuery = statusQuery.extend({ waiting: z.number().int().min(0).max(1_000).optional() });

/** A partition of a limiter, and the journal sequence of its claim; null while it is claiming. */
export const partitionOwnership = z.object({
  partition: z.number().int().nonnegative(),
  claim: z.number().int().positive().nullable(),
});
export type PartitionOwnership = z.infer<typeof partitionOwnership>;

export const heartbeat = z.object({
  limiter: z.string().regex(/^[\w-]+$/),
  /** Counts its heartbeats. A limiter that receives its own latest one knows that it is connected. */
  sequence: z.number().int().positive(),
  owns: z.array(partitionOwnership),
  /** It is shutting down, and its partitions are free. */
  leaving: z.boolean(),
});
export type Heartbeat = z.infer<typeof heartbeat>;

export const emptyPayload = z.object({});
