import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { escapeIdentifier } from 'pg';
import { from, to } from 'pg-copy-streams';

/** A table and its columns, in the order in which they are copied. */
export interface TableShape {
  readonly name: string;
  readonly columns: readonly string[];
}

const list = ({ name, columns }: TableShape) =>
  `${escapeIdentifier(name)} (${columns.map(escapeIdentifier).join(', ')})`;

/** Copies a table to a file in Postgres' own text format, as the client's transaction sees it. Returns its rows. */
export async function copyOut(client: pg.Client, table: TableShape, path: string): Promise<number> {
  const rows = client.query(to(`copy ${list(table)} to stdout`));
  await pipeline(rows, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
  return rows.rowCount;
}

/** Fills a table from such a file, and lets its counters go on behind what is in it. */
export async function copyIn(client: pg.Client, table: TableShape, path: string): Promise<number> {
  const rows = client.query(from(`copy ${list(table)} from stdin`));
  await pipeline(createReadStream(path), rows);
  await goOnCounting(client, table.name);
  return rows.rowCount;
}

async function goOnCounting(client: pg.Client, table: string): Promise<void> {
  const { rows } = await client.query<{ column: string; sequence: string }>(
    `select column_name as column, pg_get_serial_sequence(quote_ident(table_name), column_name) as sequence
     from information_schema.columns
     where table_schema = 'public' and table_name = $1 and column_default like 'nextval(%'`,
    [table],
  );
  for (const { column, sequence } of rows) {
    const last = `(select max(${escapeIdentifier(column)}) from ${escapeIdentifier(table)})`;
    await client.query(`select setval($1::regclass, coalesce(${last}, 1), ${last} is not null)`, [sequence]);
  }
}

/** All tables of the database, those that others refer to before these. */
export async function tablesOf(client: pg.Client): Promise<TableShape[]> {
  const { rows: shapes } = await client.query<{ name: string; columns: string[] }>(
    `select table_name as name, array_agg(column_name::text order by ordinal_position) as columns
     from information_schema.columns join information_schema.tables using (table_schema, table_name)
     where table_schema = 'public' and table_type = 'BASE TABLE' group by table_name order by table_name`,
  );
  const { rows: references } = await client.query<{ child: string; parent: string }>(
    `select conrelid::regclass::text as child, confrelid::regclass::text as parent
     from pg_constraint where contype = 'f' and conrelid <> confrelid`,
  );
  const ordered: TableShape[] = [];
  const waits = ({ name }: TableShape) =>
    references.some(({ child, parent }) => child === name && !ordered.some((each) => each.name === parent));
  for (let left = shapes; left.length > 0; left = left.filter((each) => !ordered.includes(each))) {
    const next = left.filter((each) => !waits(each));
    if (next.length === 0) throw new Error('the tables refer to each other in a circle');
    ordered.push(...next);
  }
  return ordered;
}

export async function hasRows(client: pg.Client, { name }: TableShape): Promise<boolean> {
  const { rowCount } = await client.query(`select 1 from ${escapeIdentifier(name)} limit 1`);
  return rowCount !== 0;
}
