import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeliverPolicy, jetstream, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { type Machine, thisMachine } from '@paceline/shared/clock';
import { serversOf } from '@paceline/shared/config';
import { catalog, type JournalEntry, subjectOf } from '@paceline/shared/contracts';
import { connect, retryWhileUnavailable, journalEntryOf } from '@paceline/shared/messaging';
import type { StoredEntry } from '../core/history.ts';
import { CannotAudit } from './evidence.ts';

/** Real ms. Short, because the command is interactive. */
const connectTimeoutMs = 5_000;

/** Reads journals with the limiter's permissions and leaves nothing behind. @throws {CannotAudit} */
export async function readJournals(
  url: string,
  partitions: readonly number[],
  machine: Machine = thisMachine,
): Promise<StoredEntry[]> {
  const connection = await connectSoon(url, machine);
  try {
    const entries: StoredEntry[] = [];
    for (const partition of partitions) entries.push(...(await readJournal(connection, partition)));
    return entries;
  } catch (error) {
    if (error instanceof CannotAudit) throw error;
    throw new CannotAudit(`Can't read the journal from ${hostsOf(url)}: ${(error as Error).message}`);
  } finally {
    await connection.close();
  }
}

async function connectSoon(url: string, machine: Machine): Promise<NatsConnection> {
  const host = hostsOf(url);
  const noResponse = new CannotAudit(`No response from the broker at ${host}. Is Paceline running?`);
  const timedOut = Promise.withResolvers<never>();
  const cancelTimer = machine.after(connectTimeoutMs, () => timedOut.reject(noResponse));
  try {
    return await Promise.race([connect(url, 'limiter'), timedOut.promise]);
  } catch (error) {
    throw error === noResponse
      ? error
      : new CannotAudit(`Can't connect to the broker at ${host}: ${(error as Error).message}`);
  } finally {
    cancelTimer();
  }
}

/** Every server of the URL, without credentials. */
const hostsOf = (url: string): string =>
  serversOf(url)
    .map((server) => new URL(server).host)
    .join(', ');

async function readJournal(connection: NatsConnection, partition: number): Promise<StoredEntry[]> {
  const { stream } = catalog.journal;
  const subject = subjectOf(catalog.journal, { partition });
  const { streams } = await jetstreamManager(connection, { checkAPI: false });
  const latest = await retryWhileUnavailable(() => streams.getMessage(stream, { last_by_subj: subject }));
  if (!latest) return [];
  // Ephemeral: the broker removes it by itself if this process dies.
  const consumer = await jetstream(connection).consumers.get(stream, {
    filter_subjects: subject,
    deliver_policy: DeliverPolicy.All,
  });
  const entries: StoredEntry[] = [];
  try {
    for await (const message of await consumer.consume({ expires: 2_000, idle_heartbeat: 500 })) {
      const { seq: sequence, time } = message;
      const entry = sequence <= latest.seq ? read(message) : undefined;
      if (entry) entries.push({ partition, sequence, storedAt: time.getTime(), entry });
      if (sequence >= latest.seq) break;
    }
    return entries;
  } finally {
    await consumer.delete().catch(() => undefined);
  }
}

function read({ data, headers, seq }: JsMsg): JournalEntry | undefined {
  try {
    return journalEntryOf({ data, ...(headers && { header: headers }) });
  } catch (error) {
    throw new CannotAudit(`This version can't read entry ${seq}: ${(error as Error).message}`);
  }
}

/** Where `npm start` keeps its state. */
const stateFolder = join(import.meta.dirname, '../../../../.paceline');

/** The broker that `npm start` runs, found by its state folder; undefined when none runs. */
export async function localBroker(folder = stateFolder): Promise<string | undefined> {
  try {
    const password = await readFile(join(folder, 'nats-password-limiter'), 'utf8');
    // One server, or the running servers of a cluster.
    const folders = (await readdir(folder)).filter((name) => /^nats(-\d)?$/.test(name)).toSorted();
    const hosts = (await Promise.all(folders.map((each) => hostsIn(join(folder, each, 'ports'))))).flat();
    if (hosts.length === 0) return undefined;
    return hosts.map((host) => `nats://limiter:${encodeURIComponent(password)}@${host}`).join(',');
  } catch {
    return undefined;
  }
}

/** Where a server listens, from its ports file; empty after a clean shutdown, which removes the file. */
async function hostsIn(portsFolder: string): Promise<string[]> {
  const names = (await readdir(portsFolder)).filter((file) => file.endsWith('.ports'));
  const files = names.map((name) => readFile(join(portsFolder, name), 'utf8'));
  const written = (await Promise.all(files)).map((text) => JSON.parse(text) as { nats: string[] });
  return written.map(({ nats }) => new URL(nats[0] ?? '').host);
}
