import { join } from 'node:path';
import { createClock, formatClock } from '@paceline/shared/clock';
import { permissionsOf, type Service } from '@paceline/shared/contracts';
import { findNatsServer, startNats } from '@paceline/embedded';
import { connect, createBus, provision } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import type { Address } from '../contenders/contender.ts';
import { type LimiterProcess, startLimiterProcess } from './limiter-process.ts';
import { type Ownership, watchOwnership } from './ownership.ts';
import { folderFor, type Server } from './server.ts';

/** One of them, with the name that it goes by. */
export interface Replica extends LimiterProcess {
  readonly id: string;
}

/** A broker with limiters on it. */
export interface Limiters extends Server {
  readonly natsUrl: (user: User) => string;
  readonly ownership: Ownership;
  /** Those that were started and not killed by this. */
  readonly replicas: readonly Replica[];
  /** Starts one more and waits until it is ready. */
  add(): Promise<Replica>;
}

const services: readonly Service[] = ['limiter', 'rider-sync', 'api'];
type User = Service | 'admin';

/** How a broker with limiters is started. */
export interface LimitersOptions {
  /** The broker syncs every message before it acknowledges it. */
  readonly synced?: boolean;
  /** How many limiters share the work. */
  readonly count?: number;
  /** How many real ms the project's minute takes: as long are the windows that the bench uses. */
  readonly minuteMs?: number;
}

export async function startLimiters(options: LimitersOptions = {}): Promise<Limiters> {
  const { synced = false, count = 1, minuteMs = 1_000 } = options;
  const folder = await folderFor('nats');
  const { path: server } = await findNatsServer({ report: () => undefined });
  const nats = await startNats({
    server,
    storeDir: folder.path,
    syncAlways: synced,
    users: [
      { user: 'admin', password: 'p', publish: ['>'], subscribe: ['>'] },
      ...services.map((user) => ({ user, password: 'p', ...permissionsOf(user) })),
    ],
  });
  const natsUrl = (user: User) => nats.url.replace('//', `//${user}:p@`);
  const admin = createBus(await connect(natsUrl('admin'), 'provision'), createLogger('bench', 'error'));
  await provision(admin.connection);
  const ownership = watchOwnership(admin);

  const clock = formatClock({ scale: 60_000 / minuteMs, anchor: Math.round(createClock().now()) });
  const address: Address = { url: natsUrl('rider-sync'), clock };
  const replicas: Replica[] = [];
  let started = 0;
  const add = async () => {
    started += 1;
    const logFile = join(folder.path, `limiter-${started}.log`);
    const known = ownership.known();
    const env = { NATS_URL: natsUrl('limiter'), PACELINE_CLOCK: clock };
    const limiter = await startLimiterProcess(env, logFile);
    const replica = { ...limiter, id: await ownership.newcomer(known) };
    replicas.push(replica);
    return replica;
  };
  for (let each = 0; each < count; each += 1) await add();

  return {
    address,
    natsUrl,
    ownership,
    replicas,
    add,
    async kill() {
      await Promise.all(replicas.splice(0).map((replica) => replica.kill()));
    },
    async restart() {
      await add();
    },
    signal(signal) {
      for (const replica of replicas) replica.signal(signal);
    },
    async stop() {
      await admin.connection.close();
      await Promise.all(replicas.map((replica) => replica.kill()));
      await nats.stop();
      await folder.remove();
    },
  };
}
