import { fillPlaceholders, type SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import type { Database } from './client.ts';

/**
 * SQLSTATEs of a statement that the server's connection doesn't know, or knows already: PgBouncer before 1.21, or without
 * `max_prepared_statements`, gives the statements of one client to several connections. Neither was carried out.
 */
const notShared: ReadonlySet<unknown> = new Set(['26000', '42P05']);
let canPrepare = true;

/** A statement that is written once and planned once per connection. @param values by placeholder, as the driver takes them */
export type Prepared<Values, Row> = (db: Database, values: Values) => Promise<Row[]>;

/** For the statements of every command; outside of transactions only. @param name unique */
export function prepared<Values extends Readonly<Record<string, unknown>>, Row extends object>(
  name: string,
  statement: SQL,
): Prepared<Values, Row> {
  let compiled: { readonly text: string; readonly params: unknown[] } | undefined;
  return async ({ $client }, values) => {
    compiled ??= compile(statement);
    const query = { text: compiled.text, values: fillPlaceholders(compiled.params, values) };
    if (canPrepare) {
      try {
        return (await $client.query<Row>({ name, ...query })).rows;
      } catch (error) {
        if (!notShared.has((error as { code?: unknown }).code)) throw error;
        canPrepare = false;
      }
    }
    return (await $client.query<Row>(query)).rows;
  };
}

function compile(statement: SQL) {
  const { sql: text, params } = new PgDialect().sqlToQuery(statement);
  return { text, params };
}
