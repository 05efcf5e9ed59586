import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { type SpawnedProcess, findNatsServer, startNats, startPostgres } from '@paceline/embedded';
import { rigUsers, spawnLimiter, urlAs } from '@paceline/kit/rig';
import { createClock, formatClock } from '@paceline/shared/clock';
import { catalog, type JournalEntry, type Heartbeat } from '@paceline/shared/contracts';
import { migrate } from '@paceline/shared/database';
import { allPartitions, partitionOf } from '@paceline/shared/limiter';
import { type Bus, connect, createBus, subscribe, provision } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import { eventually } from '@paceline/shared/testing';
import type { Address } from './contenders/contender.ts';
import { folderFor } from './servers.ts';

/** A limiter process; `id`: its name in heartbeats. */
export interface Replica {
  readonly id: string;
  readonly child: SpawnedProcess;
  readonly logFile: string;
}

/** A broker with limiters on it. */
export type LimiterRig = Awaited<ReturnType<typeof startLimiters>>;

/** Starts a broker (`synced`: syncs before it acknowledges), a database and one limiter. @param minuteMs real ms per project minute */
export async function startLimiters({ synced = false, minuteMs = 1_000 } = {}) {
  const folder = await folderFor('nats');
  const { path: server } = await findNatsServer({ report: () => undefined });
  const syncInterval = synced ? 'always' : '2m';
  const nats = await startNats({ server, storeDir: folder.path, syncInterval, users: rigUsers });
  const postgres = await startPostgres({ dataDir: join(folder.path, 'postgres') });
  await migrate(postgres.url());
  const adminUrl = urlAs(nats.url, 'admin');
  const admin = createBus(await connect(adminUrl, 'provision'), createLogger('bench', 'error'));
  await provision(admin.connection);
  const ownership = watchOwnership(admin);

  const clock = formatClock({ scale: 60_000 / minuteMs, anchor: Math.round(createClock().now()) });
  const address: Address = { url: urlAs(nats.url, 'rider-sync'), clock };
  const replicas: Replica[] = [];
  let started = 0;
  const add = async () => {
    started += 1;
    const logFile = join(folder.path, `limiter-${started}.log`);
    const known = ownership.known();
    const urls = { NATS_URL: urlAs(nats.url, 'limiter'), DATABASE_URL: postgres.url() };
    const env = { ...urls, PACELINE_CLOCK: clock, LOG_LEVEL: 'warn' };
    const child = await spawnLimiter(env, logFile);
    const replica = { child, logFile, id: await ownership.newcomer(known) };
    replicas.push(replica);
    return replica;
  };
  await add();

  const kill = async () => {
    await Promise.all(
      replicas.splice(0).map(({ child }) => {
        child.kill('SIGKILL');
        return child.exited;
      }),
    );
  };
  return {
    address,
    adminUrl,
    ownership,
    /** Running replicas. */
    replicas: replicas as readonly Replica[],
    /** Starts one more and waits until it is ready. */
    add,
    kill,
    async restart() {
      await add();
    },
    signal(signal: 'SIGSTOP' | 'SIGCONT') {
      for (const { child } of replicas) child.kill(signal);
    },
    async stop() {
      await admin.connection.close();
      await kill();
      await Promise.all([nats.stop(), postgres.stop()]);
      await folder.remove();
    },
  };
}

const waitOptions = { timeoutMs: 30_000 };

/** Which limiter owns which partitions, from their heartbeats. */
function watchOwnership(bus: Bus) {
  const last = new Map<string, Heartbeat>();
  let accountCount = 0;
  subscribe(bus, catalog.heartbeat, {}, (heartbeat) => last.set(heartbeat.limiter, heartbeat));
  const owned = (limiter: string) =>
    (last.get(limiter)?.owns ?? []).filter(({ claim }) => claim !== null).map(({ partition }) => partition);
  return {
    /** Ids of limiters seen. */
    known: (): ReadonlySet<string> => new Set(last.keys()),
    /** Waits for a limiter that is not in `known`. @returns its id */
    newcomer: (known: ReadonlySet<string>) =>
      eventually(() => {
        const found = [...last.keys()].find((limiter) => !known.has(limiter));
        if (!found) throw new Error('no new limiter seen');
        return found;
      }, waitOptions),
    /** Waits until these limiters own all partitions, evenly. */
    distributed: (limiters: readonly string[]) =>
      eventually(() => {
        const counts = limiters.map((limiter) => owned(limiter).length);
        const all = new Set(limiters.flatMap(owned));
        const even = Math.max(...counts) - Math.min(...counts) <= 1;
        if (all.size < allPartitions.length || !even) throw new Error('partitions not distributed evenly');
      }, waitOptions),
    /** New account names in one partition that this limiter owns. */
    accountsOf(limiter: string, count: number) {
      const [partition] = owned(limiter);
      const accounts: string[] = [];
      while (accounts.length < count) {
        accountCount += 1;
        const name = `account-${accountCount}`;
        if (partitionOf(name) === partition) accounts.push(name);
      }
      return accounts;
    },
  };
}

/** Counts calls committed under an outdated claim. A permit's id starts with its claim. */
export async function lateCommits(url: string): Promise<number> {
  const connection = await connect(url, 'provision');
  const { stream } = catalog.journal;
  const { state } = await (await jetstreamManager(connection)).streams.info(stream);
  const claims = new Map<string, number>();
  let late = 0;
  const consumer = await jetstream(connection).consumers.get(stream);
  for await (const message of await consumer.consume()) {
    const entry = message.json<JournalEntry>();
    for (const fact of entry.entry === 'facts' ? entry.facts : []) {
      if (fact.fact === 'claimed') claims.set(message.subject, message.seq);
      if (fact.fact !== 'started') continue;
      const claim = claims.get(message.subject);
      if (claim !== undefined && Number.parseInt(fact.interval.permit, 10) !== claim) late += 1;
    }
    if (message.seq >= state.last_seq) break;
  }
  await connection.close();
  return late;
}
