import { sql } from 'drizzle-orm';
import { index, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { moment } from './columns.ts';

/** What operators are told. A row with `resolvedAt` null goes on; of one key only one does. */
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
    /** When the chat was told that it began, and that it was over; null: still to be told. */
    toldBeginningAt: moment('told_beginning_at'),
    toldEndAt: moment('told_end_at'),
    /** Until then somebody is telling the chat. */
    tellingUntil: moment('telling_until'),
  },
  (table) => [
    uniqueIndex('alerts_open')
      .on(table.key)
      .where(sql`resolved_at is null`),
    index('alerts_raised').on(table.raisedAt),
  ],
);
