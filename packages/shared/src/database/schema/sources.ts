import type { Source } from '../../definition/index.ts';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import type { SourceState } from '../../contracts/index.ts';
import { moment } from './columns.ts';

/** Whether upstream gives us what we ask for, source by source. */
export const sources = pgTable('sources', {
  source: text('source').$type<Source>().primaryKey(),
  /** The key, as a hash, and the address that this is said of: with another one all is open again. */
  account: text('account').notNull(),
  address: text('address').notNull(),
  state: text('state').$type<SourceState>().notNull(),
  since: moment('since').notNull(),
  /** How many refusals there were in a row. */
  refusals: integer('refusals').notNull(),
  /** The last one, and the start of its answer. */
  status: integer('status'),
  message: text('message'),
  rawStart: text('raw_start'),
  advice: text('advice'),
  /** Before this moment an unavailable source is not asked again, and how often it was in vain. */
  probeAt: moment('probe_at'),
  probes: integer('probes').notNull(),
});
