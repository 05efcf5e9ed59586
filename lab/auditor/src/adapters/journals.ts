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

/** Real ms. Whoever runs the command sits in front of it. */
const patience = 5_000;

/** Reads journals with the rights of a limiter; leaves nothing behind. @throws {CannotAudit} when none can be read */
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
    throw new CannotAudit(`The broker at ${hostsOf(url)} gives no journal: ${(error as Error).message}`);
  } finally {
    await connection.close();
  }
}

async function connectSoon(url: string, machine: Machine): Promise<NatsConnection> {
  const host = hostsOf(url);
  const tooLate = new CannotAudit(`No broker answers at ${host}: is Paceline running?`);
  const waited = Promise.withResolvers<never>();
  const callOff = machine.after(patience, () => waited.reject(tooLate));
  try {
    return await Promise.race([connect(url, 'limiter'), waited.promise]);
  } catch (error) {
    throw error === tooLate ? error : new CannotAudit(`The broker at ${host}: ${(error as Error).message}`);
  } finally {
    callOff();
  }
}

/** Without credentials; of a cluster all servers. */
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
  // Ephemeral, and read in order: the broker forgets it by itself should this process die.
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
    throw new CannotAudit(`Entry ${seq} is not one that this version reads: ${(error as Error).message}`);
  }
}

/** Where `npm start` keeps its state. */
const stateFolder = join(import.meta.dirname, '../../../../.paceline');

/** The broker of `npm start`, as its state folder has it; undefined when none runs. */
export async function localBroker(folder = stateFolder): Promise<string | undefined> {
  try {
    const password = await readFile(join(folder, 'nats-password-limiter'), 'utf8');
    // One server, or those of a cluster that run.
    const folders = (await readdir(folder)).filter((name) => /^nats(-\d)?$/.test(name)).toSorted();
    const hosts = (await Promise.all(folders.map((each) => hostsIn(join(folder, each, 'ports'))))).flat();
    if (hosts.length === 0) return undefined;
    return hosts.map((host) => `nats://limiter:${encodeURIComponent(password)}@${host}`).join(',');
  } catch {
    return undefined;
  }
}

/** Where a server listens, as it has written down; nowhere when it has ended in good order. */
async function hostsIn(portsFolder: string): Promise<string[]> {
  const names = (await readdir(portsFolder)).filter((file) => file.endsWith('.ports'));
  const files = names.map((name) => readFile(join(portsFolder, name), 'utf8'));
  const written = (await Promise.all(files)).map((text) => JSON.parse(text) as { nats: string[] });
  return written.map(({ nats }) => new URL(nats[0] ?? '').host);
}
