import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Msg, NatsConnection } from '@nats-io/nats-core';
import type pg from 'pg';
import { escapeIdentifier } from 'pg';
import { from, to } from 'pg-copy-streams';

/** The broker's description of a stream: part of a snapshot, and needed again to restore it. */
interface StreamSnapshot {
  readonly config: Record<string, unknown>;
  readonly state: unknown;
}

interface JetStreamReply {
  readonly error?: { readonly description?: string };
  readonly config?: Record<string, unknown>;
  readonly state?: { readonly messages: number };
  readonly deliver_subject?: string;
}

/** Real ms to wait for each message from the broker. */
const timeoutMs = 30_000;
const empty = new Uint8Array();

/** The number of messages in a stream; undefined if it doesn't exist. */
export async function messagesIn(connection: NatsConnection, name: string): Promise<number | undefined> {
  const reply = await connection.request(`$JS.API.STREAM.INFO.${name}`, empty, { timeout: timeoutMs });
  return reply.json<JetStreamReply>().state?.messages;
}

/** Writes JetStream's own snapshot of a stream (messages, sequences, consumers) to a file; the stream stays in use. */
export async function snapshotStream(
  connection: NatsConnection,
  name: string,
  path: string,
): Promise<StreamSnapshot> {
  const inbox = `_INBOX.backup.${crypto.randomUUID()}`;
  const chunks = connection.subscribe(inbox);
  const file = await open(path, 'wx', 0o600);
  try {
    const { config, state } = await callApi(connection, `STREAM.SNAPSHOT.${name}`, {
      deliver_subject: inbox,
    });
    for await (const chunk of untilSilent(chunks)) {
      if (chunk.data.length === 0) {
        const { code = 0, description = '' } = chunk.headers ?? {};
        if (code >= 400) throw new Error(`the broker aborted the snapshot of ${name}: ${description}`);
        return { config: config ?? {}, state };
      }
      await file.write(chunk.data);
      chunk.respond();
    }
    throw new Error(`the broker stopped sending the snapshot of ${name}`);
  } finally {
    chunks.unsubscribe();
    await file.close();
  }
}

/** Yields messages until none arrives within the timeout. */
async function* untilSilent(messages: AsyncIterable<Msg> & { unsubscribe(): void }): AsyncGenerator<Msg> {
  const giveUp = () => messages.unsubscribe();
  let timer = setTimeout(giveUp, timeoutMs);
  try {
    for await (const message of messages) {
      clearTimeout(timer);
      yield message;
      timer = setTimeout(giveUp, timeoutMs);
    }
  } finally {
    clearTimeout(timer);
  }
}

const chunkBytes = 128 * 1024;

/** Creates a stream from a file written by `snapshotStream`. @throws {Error} when the stream exists */
export async function restoreStream(
  connection: NatsConnection,
  name: string,
  path: string,
  { config, state }: StreamSnapshot,
): Promise<void> {
  // Restored on one server; provisioning adds the replicas.
  const request = { config: { ...config, num_replicas: 1 }, state };
  const { deliver_subject: to } = await callApi(connection, `STREAM.RESTORE.${name}`, request);
  if (to === undefined) throw new Error(`the broker refused to restore ${name}`);
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(chunkBytes);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, chunkBytes);
      const reply = await connection.request(to, buffer.subarray(0, bytesRead), { timeout: timeoutMs });
      if (reply.data.length > 0) throwOnError(reply.json<JetStreamReply>(), name);
      // An empty chunk marks the end.
      if (bytesRead === 0) return;
    }
  } finally {
    await file.close();
  }
}

async function callApi(
  connection: NatsConnection,
  method: string,
  payload: unknown,
): Promise<JetStreamReply> {
  const reply = await connection.request(`$JS.API.${method}`, JSON.stringify(payload), {
    timeout: timeoutMs,
  });
  return throwOnError(reply.json<JetStreamReply>(), method);
}

function throwOnError(reply: JetStreamReply, what: string): JetStreamReply {
  if (reply.error) throw new Error(`${what}: ${reply.error.description ?? 'refused by the broker'}`);
  return reply;
}

interface TableShape {
  readonly name: string;
  readonly columns: readonly string[];
}

const tableAndColumns = ({ name, columns }: TableShape) =>
  `${escapeIdentifier(name)} (${columns.map(escapeIdentifier).join(', ')})`;

/** Copies a table to a file in Postgres' text format, as seen by the client's transaction. Returns the row count. */
export async function copyOut(client: pg.Client, table: TableShape, path: string): Promise<number> {
  const rows = client.query(to(`copy ${tableAndColumns(table)} to stdout`));
  await pipeline(rows, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
  return rows.rowCount;
}

/** Fills a table from a file of `copyOut` and advances its sequences past the copied rows. Returns the row count. */
export async function copyIn(client: pg.Client, table: TableShape, path: string): Promise<number> {
  const rows = client.query(from(`copy ${tableAndColumns(table)} from stdin`));
  await pipeline(createReadStream(path), rows);
  await advanceSequences(client, table.name);
  return rows.rowCount;
}

async function advanceSequences(client: pg.Client, table: string): Promise<void> {
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

/** All tables of the database, referenced tables before those that refer to them. */
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
  const isBlocked = ({ name }: TableShape) =>
    references.some(({ child, parent }) => child === name && !ordered.some((each) => each.name === parent));
  for (let rest = shapes; rest.length > 0; rest = rest.filter((each) => !ordered.includes(each))) {
    const next = rest.filter((each) => !isBlocked(each));
    if (next.length === 0) throw new Error('the tables have circular references');
    ordered.push(...next);
  }
  return ordered;
}

export async function hasRows(client: pg.Client, { name }: TableShape): Promise<boolean> {
  const { rowCount } = await client.query(`select 1 from ${escapeIdentifier(name)} limit 1`);
  return rowCount !== 0;
}
