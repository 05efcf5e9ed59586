import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Msg, NatsConnection } from '@nats-io/nats-core';
import type pg from 'pg';
import { escapeIdentifier } from 'pg';
import { from, to } from 'pg-copy-streams';

/** A stream as the broker describes it in a snapshot, and as it wants it back. */
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

/** Real ms in which the broker has to say something. */
const patience = 30_000;
const empty = new Uint8Array();

/** How many messages a stream holds; undefined: there is none. */
export async function messagesIn(connection: NatsConnection, name: string): Promise<number | undefined> {
  const answer = await connection.request(`$JS.API.STREAM.INFO.${name}`, empty, { timeout: patience });
  return answer.json<JetStreamReply>().state?.messages;
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
    for await (const chunk of withPatience(chunks)) {
      if (chunk.data.length === 0) {
        const { code = 0, description = '' } = chunk.headers ?? {};
        if (code >= 400) throw new Error(`the broker broke the snapshot of ${name} off: ${description}`);
        return { config: config ?? {}, state };
      }
      await file.write(chunk.data);
      chunk.respond();
    }
    throw new Error(`the broker sent no more of ${name}`);
  } finally {
    chunks.unsubscribe();
    await file.close();
  }
}

/** Ends when the broker says nothing for too long. */
async function* withPatience(messages: AsyncIterable<Msg> & { unsubscribe(): void }): AsyncGenerator<Msg> {
  const giveUp = () => messages.unsubscribe();
  let timer = setTimeout(giveUp, patience);
  try {
    for await (const message of messages) {
      clearTimeout(timer);
      yield message;
      timer = setTimeout(giveUp, patience);
    }
  } finally {
    clearTimeout(timer);
  }
}

const chunkBytes = 128 * 1024;

/** Makes a stream of a file that `snapshotStream` wrote. @throws {Error} when there is one of that name */
export async function restoreStream(
  connection: NatsConnection,
  name: string,
  path: string,
  { config, state }: StreamSnapshot,
): Promise<void> {
  // One server alone takes it; provisioning gives it its replicas.
  const request = { config: { ...config, num_replicas: 1 }, state };
  const { deliver_subject: to } = await callApi(connection, `STREAM.RESTORE.${name}`, request);
  if (to === undefined) throw new Error(`the broker does not take ${name}`);
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(chunkBytes);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, chunkBytes);
      const answer = await connection.request(to, buffer.subarray(0, bytesRead), { timeout: patience });
      if (answer.data.length > 0) demandNoError(answer.json<JetStreamReply>(), name);
      // The empty chunk is the end.
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
  const answer = await connection.request(`$JS.API.${method}`, JSON.stringify(payload), {
    timeout: patience,
  });
  return demandNoError(answer.json<JetStreamReply>(), method);
}

function demandNoError(answer: JetStreamReply, what: string): JetStreamReply {
  if (answer.error) throw new Error(`${what}: ${answer.error.description ?? 'the broker refused'}`);
  return answer;
}

interface TableShape {
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
