import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findNatsServer, freePort, type SpawnedProcess, spawnChild, startNats } from '@paceline/embedded';
import { raisedPolicies } from '@paceline/kit/load';
import type { NamedProcess } from '@paceline/kit/processes';
import { rigUsers, urlAs } from '@paceline/kit/rig';
import type { LoggedDatabase } from '@paceline/kit/statements';
import { sandboxClock } from '@paceline/launcher';
import { formatClock } from '@paceline/shared/clock';
import { eventually } from '@paceline/shared/testing';
import { folderFor, startDatabase, startRedis } from '../../servers.ts';
import type { ProcessArguments } from './all.ts';
import type { HandBuilt } from './queue.ts';
import { openStore } from './store.ts';

/** A system that takes commands, hand-built or Paceline. */
export interface CommandSystem {
  readonly urls: readonly string[];
  /** All processes, upstream's sandbox too. */
  readonly processes: readonly NamedProcess[];
  readonly database: LoggedDatabase;
  /** Resolves when all accepted commands have ended. */
  ended(): Promise<void>;
}

const sandboxProgram = join(import.meta.dirname, '../../../../../local/sandbox/src/main.ts');
const scale = 60;
const { limit, windowMs } = raisedPolicies.riders_single;

/** Starts a broker that syncs before it acknowledges. */
async function startBroker(broker: HandBuilt['broker'], folder: string) {
  if (broker === 'none') return undefined;
  if (broker === 'redis') {
    const { address, pid, stop } = await startRedis(true);
    return { url: address.url, pid, stop };
  }
  const { path: server } = await findNatsServer({ report: () => undefined });
  const storeDir = join(folder, 'nats');
  const nats = await startNats({ server, storeDir, syncInterval: 'always', users: rigUsers });
  return { url: urlAs(nats.url, 'admin'), pid: () => nats.pid, stop: () => nats.stop() };
}

/** Starts a hand-built system with its servers and the sandbox, each a process of its own, and stops it after the work. */
export async function onHandBuilt<T>(
  queue: HandBuilt,
  work: (system: CommandSystem) => Promise<T>,
): Promise<T> {
  const folder = await folderFor('hand-built');
  const children: SpawnedProcess[] = [];
  const stops: Array<() => Promise<unknown>> = [];
  const start = async (name: string, program: string, env: NodeJS.ProcessEnv, ...args: string[]) => {
    const command = [process.execPath, program, ...args];
    const logFile = join(folder.path, `${name}.log`);
    const child = await spawnChild({
      command,
      logFile,
      env: { ...process.env, ...env },
      stopSignal: 'SIGKILL',
    });
    children.push(child);
    return { name, pid: () => child.pid };
  };
  try {
    const database = await startDatabase();
    stops.push(database.stop);
    const broker = await startBroker(queue.broker, folder.path);
    if (broker) stops.push(broker.stop);
    const [port, sandboxPort] = [await freePort(), await freePort()];
    const sandbox = await start('sandbox', sandboxProgram, {
      SANDBOX_PORT: String(sandboxPort),
      SANDBOX_POLICIES: JSON.stringify(raisedPolicies),
      PACELINE_CLOCK: formatClock(sandboxClock(Date.now(), scale)),
    });
    const given: ProcessArguments = {
      id: queue.id,
      port,
      databaseUrl: database.address.url,
      brokerUrl: broker?.url ?? '',
      upstreamUrl: `http://127.0.0.1:${sandboxPort}/api`,
      // Upstream's limit, on the clock that runs faster.
      limit: { calls: limit, windowMs: Math.ceil(windowMs / scale) },
    };
    const store = openStore(given.databaseUrl);
    await store.createTables();
    await queue.migrate(given);
    const own = (name: 'server' | 'worker' | 'limiter') =>
      start(name, join(import.meta.dirname, `${name}.ts`), {}, JSON.stringify(given));
    const limiter = queue.openLimiter ? [await own('limiter')] : [];
    const processes = [...limiter, await own('server'), await own('worker'), sandbox];
    const url = `http://127.0.0.1:${port}`;
    await eventually(() => fetch(`${url}/readyz`), { timeoutMs: 60_000 });
    const open = 'select from commands where finished_at is null limit 1';
    return await work({
      urls: [url],
      processes: [
        ...processes,
        { name: 'postgres', pid: database.pid },
        ...(broker ? [{ name: queue.broker, pid: broker.pid }] : []),
      ],
      database: { url: given.databaseUrl, logFile: database.logFile },
      ended: () =>
        eventually(
          async () => {
            if ((await store.pool.query(open)).rowCount !== 0) throw new Error('commands not finished');
          },
          { timeoutMs: 60_000 },
        ),
    }).finally(() => store.pool.end());
  } finally {
    await Promise.all(children.map((child) => child.stop()));
    await Promise.all(stops.map((stop) => stop()));
    await rm(folder.path, { recursive: true, force: true });
  }
}
