import { sql } from 'drizzle-orm';
import { bigint, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import type { Outcome } from '../../contracts/index.ts';
import type { Budget, Lane } from '../../definition/index.ts';
import { moment } from './columns.ts';

/** One row for each request that was sent with an `Idempotency-Key`; without an answer it is under way. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    /** The owner of the key: a digest of the token. */
    caller: text('caller').notNull(),
    key: text('key').notNull(),
    /** A digest of the request. */
    request: text('request').notNull(),
    /** What the request makes has its id from here, so that making it again makes nothing new. */
    onceId: text('once_id').notNull(),
    takenAt: moment('taken_at').notNull(),
    answer: jsonb('answer').$type<{ status: number; headers: Record<string, string>; body: string }>(),
  },
  (table) => [
    primaryKey({ columns: [table.caller, table.key] }),
    index('idempotency_keys_taken').on(table.takenAt),
  ],
);

/** Conflicts as the limiter reports them: one sync waits because of another. */
export const conflicts = pgTable(
  'conflicts',
  {
    at: moment('at').notNull(),
    /** Its place among the events; a broker that has lost its disk counts from 1 again, but not at the same moment. */
    sequence: bigint('sequence', { mode: 'number' }).notNull(),
    account: text('account').notNull(),
    budget: text('budget').$type<Budget>().notNull(),
    blocked: text('blocked').$type<Lane>().notNull(),
    blockedBy: text('blocked_by').$type<Lane>().notNull(),
    expectedWaitMs: bigint('expected_wait_ms', { mode: 'number' }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.at, table.sequence] })],
);

/** One row for each permit that was started, as the limiter reports it; events may come out of order. */
export const permits = pgTable(
  'permits',
  {
    permit: text('permit').primaryKey(),
    account: text('account').notNull(),
    budget: text('budget').$type<Budget>().notNull(),
    /** Null until the event of its start came. */
    lane: text('lane').$type<Lane>(),
    startedAt: moment('started_at'),
    /** When its first event came. */
    heardAt: moment('heard_at').notNull(),
    endedAt: moment('ended_at'),
    result: text('result').$type<Outcome['result']>(),
    /** HTTP status of the answer. */
    status: integer('status'),
  },
  (table) => [index('permits_started').on(table.startedAt), index('permits_heard').on(table.heardAt)],
);

/** Alerts. One with `resolvedAt` null is open; at most one of each key is. */
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
    since: moment('since').notNull(),
    raisedAt: moment('raised_at').notNull(),
    lastSeenAt: moment('last_seen_at').notNull(),
    resolvedAt: moment('resolved_at'),
    /** When the chat was notified of its beginning and of its end; null: not yet. */
    toldBeginningAt: moment('told_beginning_at'),
    toldEndAt: moment('told_end_at'),
    /** Until then a replica is notifying the chat. */
    tellingUntil: moment('telling_until'),
  },
  (table) => [
    uniqueIndex('alerts_open')
      .on(table.key)
      .where(sql`resolved_at is null`),
    index('alerts_raised').on(table.raisedAt),
  ],
);
