import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type {
  Outcome,
  Progress,
  RunCounts,
  RunState,
  SourceState,
  Tick,
  UnreadableItem,
} from '../../contracts/index.ts';
import type { BudgetName, Lane, SourceName, SyncKind } from '../../definition/index.ts';
import { timestamp } from './columns.ts';

/** One row per run of a slot, regardless of the number of ticks, deliveries and replicas. */
export const syncRuns = pgTable(
  'sync_runs',
  {
    runId: text('run_id').primaryKey(),
    kind: text('kind').$type<SyncKind>().notNull(),
    slotId: text('slot_id').notNull(),
    /** An observed run makes no calls. */
    mode: text('mode').$type<Tick['mode']>().notNull().default('on'),
    scheduledFor: timestamp('scheduled_for').notNull(),
    slotEndsAt: timestamp('slot_ends_at').notNull(),
    state: text('state').$type<RunState>().notNull(),
    startedAt: timestamp('started_at').notNull(),
    finishedAt: timestamp('finished_at'),
    counts: jsonb('counts').$type<RunCounts>().notNull(),
    /** Where a restarted process, or the next slot, continues. */
    checkpoint: jsonb('checkpoint').$type<unknown>(),
    error: text('error'),
    /** The call that a running run waits for; null: none, or soon. */
    waitingFor: jsonb('waiting_for').$type<{ readonly budget: BudgetName; readonly until: number }>(),
    /** The span that processed its tick, as a W3C `traceparent`. */
    traceparent: text('traceparent'),
  },
  (table) => [
    uniqueIndex('sync_runs_slot').on(table.slotId),
    index('sync_runs_started').on(table.startedAt),
    index('sync_runs_kind').on(table.kind, table.startedAt),
    index('sync_runs_state').on(table.state, table.startedAt),
  ],
);

/**
 * One row per upstream call, written before it is sent, so that a loss of the broker doesn't reach it. It is the limiter's
 * second record of what counts against a window: see `limiterTerms`.
 */
export const syncLogs = pgTable(
  'sync_logs',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    runId: text('run_id'),
    commandId: text('command_id'),
    /** The program that made the call, or let the API make it; null: a sync. */
    caller: text('caller'),
    endpoint: text('endpoint').notNull(),
    /** The requested club, rider or event id. */
    target: text('target').notNull(),
    /** Why this call was chosen over others; null: there was no choice. */
    because: text('because'),
    /** Until when its answer stays within the freshness goals, as known when it was chosen; null: it has none. */
    freshUntil: timestamp('fresh_until'),
    /** HTTP status; null without a response. */
    status: integer('status'),
    message: text('message').notNull(),
    startedAt: timestamp('started_at').notNull(),
    /** Null until the outcome is recorded; it never is if the process that made the call died. */
    durationMs: integer('duration_ms'),
    /** The start of an unreadable response. */
    rawStart: text('raw_start'),
    /** The items of the response that could not be read; null: none. */
    unreadable: jsonb('unreadable').$type<readonly UnreadableItem[]>(),
    /** The permit of the call, and what it counts against. Null: logged by a version that recorded calls afterwards. */
    permit: text('permit'),
    partition: integer('partition'),
    account: text('account'),
    lane: text('lane').$type<Lane>(),
    /** When the row and its outcome were written: real time, by Postgres's own clock. */
    recordedAt: timestamp('recorded_at').default(sql`clock_timestamp()`),
    endedAt: timestamp('ended_at'),
  },
  (table) => [
    index('sync_logs_run').on(table.runId),
    index('sync_logs_unreadable')
      .on(table.runId)
      .where(sql`unreadable is not null`),
    index('sync_logs_started').on(table.startedAt),
    // Among a year's calls, those that failed are few and far between.
    index('sync_logs_failed')
      .on(table.startedAt)
      .where(sql`duration_ms is not null and (status is null or status >= 400 or raw_start is not null)`),
    uniqueIndex('sync_logs_permit').on(table.permit),
    index('sync_logs_recorded')
      .on(table.partition, table.recordedAt)
      .where(sql`permit is not null`),
  ],
);

/**
 * The limiter that owns a partition, as Postgres knows it. Each takeover starts a term, and a call is recorded only under the
 * latest one: of two limiters that the broker lets decide at the same time, one can make no calls.
 */
export const limiterTerms = pgTable('limiter_terms', {
  partition: integer('partition').primaryKey(),
  term: bigint('term', { mode: 'number' }).notNull(),
  /**
   * The journal sequence of the last claim, or change of a limit or pause: a shorter journal has lost it. `journalRestored`:
   * restored from a backup.
   */
  reached: bigint('reached', { mode: 'number' }).notNull().default(0),
  /** How far this server's clock was ahead of the broker's at the last claim, real ms. */
  clockOffset: bigint('clock_offset', { mode: 'number' }),
});

/** Commands and their outcomes. A row without `sequence` is not published yet. */
export const commands = pgTable(
  'commands',
  {
    commandId: text('command_id').primaryKey(),
    type: text('type').$type<'add-rider' | 'import-riders'>().notNull(),
    /** The rider to add; null for an import, whose riders are in `wanted_riders`. */
    riderId: integer('rider_id'),
    progress: jsonb('progress').$type<Progress>().notNull(),
    requestedAt: timestamp('requested_at').notNull(),
    publishedAt: timestamp('published_at'),
    sequence: bigint('stream_sequence', { mode: 'number' }),
    updatedAt: timestamp('updated_at').notNull(),
    finishedAt: timestamp('finished_at'),
    /** The span of its request, as a W3C `traceparent`. */
    traceparent: text('traceparent'),
  },
  (table) => [
    index('commands_requested').on(table.requestedAt),
    index('commands_rider').on(table.riderId, table.requestedAt),
    index('commands_finished').on(table.finishedAt),
    index('commands_failed')
      .on(table.finishedAt)
      .where(sql`progress ->> 'state' in ('failed', 'expired')`),
    index('commands_open')
      .on(table.commandId)
      .where(sql`finished_at is null`),
  ],
);

export const sources = pgTable('sources', {
  source: text('source').$type<SourceName>().primaryKey(),
  /** Hash of the API key, and the URL. With another key or URL every source starts as unknown. */
  account: text('account').notNull(),
  address: text('address').notNull(),
  state: text('state').$type<SourceState>().notNull(),
  since: timestamp('since').notNull(),
  refusals: integer('refusals').notNull(),
  status: integer('status'),
  message: text('message'),
  rawStart: text('raw_start'),
  advice: text('advice'),
  /** When an unavailable source is probed next, and how many probes have failed. */
  probeAt: timestamp('probe_at'),
  probes: integer('probes').notNull(),
});

/** One row per request with an `Idempotency-Key`; without `answer` it is in progress. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    /** The client: a digest of its token. */
    caller: text('caller').notNull(),
    key: text('key').notNull(),
    /** A digest of the request. */
    request: text('request').notNull(),
    /** The id of what the request creates, so that a repetition creates nothing new. */
    onceId: text('once_id').notNull(),
    takenAt: timestamp('taken_at').notNull(),
    answer: jsonb('answer').$type<{ status: number; headers: Record<string, string>; body: string }>(),
  },
  (table) => [
    primaryKey({ columns: [table.caller, table.key] }),
    index('idempotency_keys_taken').on(table.takenAt),
  ],
);

/** Conflicts reported by the limiter: a sync waits because of another one. */
export const conflicts = pgTable(
  'conflicts',
  {
    at: timestamp('at').notNull(),
    /** The sequence of its event. It restarts at 1 when the broker loses its disk, so `at` is part of the key. */
    sequence: bigint('sequence', { mode: 'number' }).notNull(),
    account: text('account').notNull(),
    budget: text('budget').notNull(),
    blocked: text('blocked').notNull(),
    blockedBy: text('blocked_by').notNull(),
    expectedWaitMs: bigint('expected_wait_ms', { mode: 'number' }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.at, table.sequence] })],
);

/** No longer written: `syncLogs` has every call. Kept until no service of a version that writes it can be running. */
export const permits = pgTable(
  'permits',
  {
    permit: text('permit').primaryKey(),
    account: text('account').notNull(),
    budget: text('budget').$type<BudgetName>().notNull(),
    /** null until the event of its start arrives. */
    lane: text('lane').$type<Lane>(),
    startedAt: timestamp('started_at'),
    /** When its first event arrived. */
    receivedAt: timestamp('received_at').notNull(),
    endedAt: timestamp('ended_at'),
    result: text('result').$type<Outcome['result']>(),
    status: integer('status'),
  },
  (table) => [index('permits_started').on(table.startedAt), index('permits_received').on(table.receivedAt)],
);

/** Alerts. `resolvedAt` null: open, at most one per key. */
export const alerts = pgTable(
  'alerts',
  {
    id: text('id').primaryKey(),
    key: text('key').notNull(),
    type: text('type').notNull(),
    severity: text('severity').notNull(),
    title: text('title').notNull(),
    why: text('why').notNull(),
    todo: text('todo').notNull(),
    since: timestamp('since').notNull(),
    raisedAt: timestamp('raised_at').notNull(),
    lastSeenAt: timestamp('last_seen_at').notNull(),
    resolvedAt: timestamp('resolved_at'),
    /** When the chat was notified of the alert and of its resolution; null: not yet. */
    raisedNotifiedAt: timestamp('raised_notified_at'),
    resolvedNotifiedAt: timestamp('resolved_notified_at'),
    /** Until when a replica has claimed the notification. */
    notifyingUntil: timestamp('notifying_until'),
  },
  (table) => [
    uniqueIndex('alerts_open')
      .on(table.key)
      .where(sql`resolved_at is null`),
    index('alerts_raised').on(table.raisedAt),
  ],
);

/** Responses that lacked most of the stored items, and were not believed yet. */
export const doubts = pgTable(
  'doubts',
  {
    /** The list in doubt, e.g. `club:20650`. */
    subject: text('subject').primaryKey(),
    /** When the first of these responses arrived. Items seen since then are kept. */
    since: timestamp('since').notNull(),
    /** When the last one arrived, how many stored items it should have had, and how many it had. */
    lastAt: timestamp('last_at').notNull(),
    known: integer('known').notNull(),
    present: integer('present').notNull(),
  },
  (table) => [index('doubts_last').on(table.lastAt)],
);

/** Which upstream and clock the rows depend on: at most one row, written once by provisioning. */
export const origin = pgTable(
  'origin',
  {
    id: integer('id').primaryKey().default(1),
    upstream: text('upstream').notNull(),
    clock: text('clock').notNull(),
  },
  (table) => [check('origin_single', sql`${table.id} = 1`)],
);
