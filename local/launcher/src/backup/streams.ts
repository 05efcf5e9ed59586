import { open } from 'node:fs/promises';
import type { Msg, NatsConnection } from '@nats-io/nats-core';

/** A stream as the broker describes it in a snapshot, and as it wants it back. */
export interface StreamSnapshot {
  readonly config: Record<string, unknown>;
  readonly state: unknown;
}

interface ApiAnswer {
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
  return answer.json<ApiAnswer>().state?.messages;
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
      if (answer.data.length > 0) demandNoError(answer.json<ApiAnswer>(), name);
      // The empty chunk is the end.
      if (bytesRead === 0) return;
    }
  } finally {
    await file.close();
  }
}

async function callApi(connection: NatsConnection, method: string, payload: unknown): Promise<ApiAnswer> {
  const answer = await connection.request(`$JS.API.${method}`, JSON.stringify(payload), {
    timeout: patience,
  });
  return demandNoError(answer.json<ApiAnswer>(), method);
}

function demandNoError(answer: ApiAnswer, what: string): ApiAnswer {
  if (answer.error) throw new Error(`${what}: ${answer.error.description ?? 'the broker refused'}`);
  return answer;
}
