import { join } from 'node:path';
import { createClock, formatClock } from '@paceline/shared/clock';
import { permissionsOf, type Service } from '@paceline/shared/contracts';
import { findNatsServer, startNats } from '@paceline/shared/embedded';
import { connect, provision } from '@paceline/shared/messaging';
import type { Address } from '../contenders/contender.ts';
import { type LimiterProcess, startLimiterProcess } from './limiter-process.ts';
import { folderFor, type Server } from './server.ts';

/** A broker with limiters on it. */
export interface Limiters extends Server {
  readonly natsUrl: (user: User) => string;
  readonly replicas: LimiterProcess[];
  /** One more. */
  add(): Promise<LimiterProcess>;
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
  const setup = await connect(natsUrl('admin'), 'provision');
  await provision(setup);
  await setup.close();

  const clock = formatClock({ scale: 60_000 / minuteMs, anchor: Math.round(createClock().now()) });
  const address: Address = { url: natsUrl('rider-sync'), clock };
  const replicas: LimiterProcess[] = [];
  let started = 0;
  const add = async () => {
    started += 1;
    const logFile = join(folder.path, `limiter-${started}.log`);
    const replica = await startLimiterProcess(
      { NATS_URL: natsUrl('limiter'), PACELINE_CLOCK: clock },
      logFile,
    );
    replicas.push(replica);
    return replica;
  };
  for (let each = 0; each < count; each += 1) await add();

  return {
    address,
    natsUrl,
    replicas,
    add,
    async kill() {
      await Promise.all(replicas.splice(0).map((replica) => replica.kill()));
    },
    async restart() {
      await add();
    },
    async stop() {
      await Promise.all(replicas.map((replica) => replica.kill()));
      await nats.stop();
      await folder.remove();
    },
  };
}
