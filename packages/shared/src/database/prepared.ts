import { fillPlaceholders, type SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import type { Database } from './client.ts';

/**
 * SQLSTATEs of a statement that the server's connection doesn't know, or knows already: PgBouncer before 1.21, or without
 * `max_prepared_statements`, gives the statements of one client to several connections. Neither was carried out.
 */
const notShared: ReadonlySet<unknown> = new Set(['26000', '42P05']);
let canPrepare = true;

async function named<Result>(run: (name: string) => Promise<Result>, name: string): Promise<Result> {
  if (!canPrepare) return run('');
  try {
    return await run(name);
  } catch (error) {
    const { cause = error } = error as Error;
    if (!notShared.has((cause as { code?: unknown }).code)) throw error;
    canPrepare = false;
    return run('');
  }
}

type Values = Readonly<Record<string, unknown>>;

/**
 * A statement that is written once, and planned once per connection: for what every command needs, outside of transactions.
 * @param name unique
 * @returns runs it; the values of its placeholders are as the driver takes them
 */
export function prepared<Row extends object>(
  name: string,
  statement: SQL,
): (db: Database, values: Values) => Promise<Row[]> {
  const { sql: text, params } = new PgDialect().sqlToQuery(statement);
  return async ({ $client }, values) => {
    const filled = fillPlaceholders(params, values);
    const { rows } = await named((used) => $client.query<Row>({ name: used, text, values: filled }), name);
    return rows;
  };
}

interface Preparable<Result> {
  prepare(name: string): { execute(values: Values): Promise<Result> };
}

/** As `prepared`, for a query of Drizzle's. */
export function preparedSelect<Result>(
  name: string,
  build: (db: Database) => Preparable<Result>,
): (db: Database, values: Values) => Promise<Result> {
  const known = new WeakMap<Database, ReturnType<Preparable<Result>['prepare']>>();
  return (db, values) =>
    named((used) => {
      if (used !== name) return build(db).prepare(used).execute(values);
      const query = known.get(db) ?? build(db).prepare(name);
      known.set(db, query);
      return query.execute(values);
    }, name);
}
