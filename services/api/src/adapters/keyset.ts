import { is, type SQL, sql } from 'drizzle-orm';
import { PgColumn } from 'drizzle-orm/pg-core';
import type { Key } from '../core/cursor.ts';

/** How a list is ordered: by these columns, which together are unique, all of them up or all of them down. */
export interface Order {
  readonly columns: ReadonlyArray<PgColumn | SQL>;
  readonly direction: 'asc' | 'desc';
}

/** One page of a list, as its reader asks for it. */
export interface PageQuery<K extends Key> {
  readonly limit: number;
  /** The key of the last row that the reader has seen. */
  readonly after: K | undefined;
}

/** The rows behind `key`: rows that come or go before it neither shift nor repeat any. */
export function behind({ columns, direction }: Order, key: Key | undefined): SQL | undefined {
  if (!key) return undefined;
  const values = columns.map((column, index) =>
    is(column, PgColumn) ? sql.param(key[index], column) : sql.param(key[index]),
  );
  const comparison = sql.raw(direction === 'asc' ? '>' : '<');
  return sql`(${sql.join([...columns], sql`, `)}) ${comparison} (${sql.join(values, sql`, `)})`;
}

export const ordered = ({ columns, direction }: Order): SQL[] =>
  columns.map((column) => sql`${column} ${sql.raw(direction)}`);
