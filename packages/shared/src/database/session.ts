import type { Socket } from 'node:net';
import pg from 'pg';
import { rethrowExplained } from './errors.ts';

/** Real ms. */
export interface SessionLimits {
  /** To connect and log in; default 30 s. */
  readonly connectMs?: number;
  /** Without a byte in either direction while a statement runs; default 10 min, for the longest one of a migration. */
  readonly silentMs?: number;
}

/** Real ms to say goodbye. */
const endMs = 5_000;

/**
 * Runs `work` on one connection, for a migration, a backup or a restore: these have statements that take minutes.
 * @throws an error of `work`; {Error} when the server falls silent
 */
export async function withSession<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
  { connectMs = 30_000, silentMs = 600_000 }: SessionLimits = {},
): Promise<Result> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: connectMs,
    // Finds a server that vanished, within seconds; the limit of silence is for one that is there but hangs.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  // Its statements report a lost connection.
  client.on('error', () => undefined);
  await client.connect().catch((error: Error) => {
    if (error.message !== 'timeout expired') return rethrowExplained(error);
    throw silence('accepted a connection', connectMs, error);
  });
  const socket = client.connection.stream as Socket;
  let ending = false;
  socket.setTimeout(silentMs, () => {
    if (ending || !isIdle(client)) socket.destroy(silence('accepted a statement', silentMs));
  });
  try {
    return await work(client);
  } finally {
    ending = true;
    socket.setTimeout(endMs);
    await client.end();
  }
}

/** The driver's own flag, which its types lack. */
const isIdle = (client: pg.Client): boolean => 'readyForQuery' in client && client.readyForQuery === true;

const silence = (after: string, ms: number, cause?: Error): Error =>
  new Error(`The database ${after} and then said nothing for ${ms / 1_000} s: check it, then try again`, {
    cause,
  });
