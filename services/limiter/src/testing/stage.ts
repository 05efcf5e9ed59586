import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { NatsConnection } from '@nats-io/nats-core';
import { type Clock, createClock, formatClock } from '@paceline/shared/clock';
import { loadConfig } from '@paceline/shared/config';
import {
  catalog,
  type Coordination,
  permissionsOf,
  type Presence,
  type Service,
} from '@paceline/shared/contracts';
import {
  accountOf,
  createLimiters,
  type Limiter,
  type Limiters,
  partitionOf,
} from '@paceline/shared/limiter';
import { type Bus, connect, createBus, listen, provision, request } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import { eventually, type TestNats, testNats } from '@paceline/shared/testing';
import { limiterVariables } from '../config.ts';
import { startLimiter } from '../service.ts';

/** Fast enough that a window of a minute is over in 50 ms. */
const scale = 1_200;
const users: readonly Service[] = ['limiter', 'rider-sync', 'api'];

/** A limiter that runs in this process. */
export interface StagedLimiter {
  readonly id: string;
  /** Ends it in good order; once. */
  stop(): Promise<void>;
}

/** A limiter that is a process of its own. */
export interface LimiterProcess {
  readonly id: string;
  readonly process: ChildProcess;
  /** What it has logged so far. */
  log(): string;
}

/** A real broker with limiters on it and clients that ask them. */
export interface Stage {
  readonly clock: Clock;
  readonly nats: TestNats;
  /** What every limiter has said of itself, oldest first. */
  readonly said: readonly Presence[];
  /** Returns once every partition is answered for. */
  start(): Promise<StagedLimiter>;
  spawn(): Promise<LimiterProcess>;
  /** Of an account of its own unless told, so that windows of one test are none of another's. */
  client(account?: string): Limiter & { account: string };
  /** Not used before. Numbered, so that its partition is the same in every run. */
  newAccount(): string;
  closeClients(): Promise<void>;
  status(account: string): Promise<Coordination>;
  /** Speaks to the broker as this service. */
  speakAs(service: Service): Promise<Bus>;
  /** May do everything on the broker. */
  readonly admin: NatsConnection;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const log = createLogger('limiter-test', 'error');
  const setting = { scale, anchor: Date.now() };
  const clock = createClock(setting);
  const nats = await testNats({
    users: [
      { user: 'provision', password: 'p', publish: ['>'], subscribe: ['>'] },
      ...users.map((user) => ({ user, password: 'p', ...permissionsOf(user) })),
    ],
  });
  const urlFor = (user: string) => nats.url.replace('//', `//${user}:p@`);
  const setup = await connect(urlFor('provision'), 'provision');
  await provision(setup);

  const buses: Bus[] = [];
  const speakAs = async (service: Service) => {
    const bus = createBus(await connect(urlFor(service), service), log);
    buses.push(bus);
    return bus;
  };
  const syncBus = await speakAs('rider-sync');
  const apiBus = await speakAs('api');
  const limiterBus = await speakAs('limiter');
  const clients: Limiters[] = [];
  const running = new Set<StagedLimiter>();
  const children: ChildProcess[] = [];
  let accounts = 0;
  const newAccount = () => {
    accounts += 1;
    return accountOf(`key-${accounts}`);
  };
  const said: Presence[] = [];
  listen(limiterBus, catalog.present, {}, (presence) => said.push(presence));

  /** The id of the one that began to speak after `before` words were said. */
  const newcomer = (before: number) =>
    eventually(
      () => {
        const known = new Set(said.slice(0, before).map(({ limiter }) => limiter));
        const found = said.slice(before).find(({ limiter }) => !known.has(limiter));
        if (!found) throw new Error('no new limiter was heard');
        return found.limiter;
      },
      { timeoutMs: 30_000 },
    );

  return {
    clock,
    nats,
    said,
    speakAs,
    admin: setup,
    async start() {
      const before = said.length;
      const service = await startLimiter({
        name: 'limiter',
        config: loadConfig({ NATS_URL: urlFor('limiter') }, limiterVariables),
        clock,
        log,
        signal: new AbortController().signal,
      });
      const id = await newcomer(before);
      await eventually(async () => {
        for (const check of Object.values(service.checks)) await check();
      });
      const limiter: StagedLimiter = {
        id,
        async stop() {
          if (!running.delete(limiter)) return;
          await service.drain();
          await service.close();
        },
      };
      running.add(limiter);
      return limiter;
    },
    async spawn() {
      const before = said.length;
      const main = fileURLToPath(new URL('../main.ts', import.meta.url));
      const env = {
        ...process.env,
        NATS_URL: urlFor('limiter'),
        PACELINE_CLOCK: formatClock(setting),
        HEALTH_PORT: '0',
        LOG_LEVEL: 'warn',
      };
      const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      children.push(child);
      let logged = '';
      child.stdout.on('data', (chunk) => (logged += String(chunk)));
      return { id: await newcomer(before), process: child, log: () => logged };
    },
    newAccount,
    client(account = newAccount()) {
      const limiters = createLimiters(syncBus, clock);
      clients.push(limiters);
      return { ...limiters.of(account), account };
    },
    async closeClients() {
      await Promise.all(clients.splice(0).map((limiters) => limiters.close()));
    },
    status: (account) =>
      request(apiBus, catalog.status, { partition: partitionOf(account) }, { account }, 2_000),
    async close() {
      for (const child of children) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await Promise.all([...running].map((limiter) => limiter.stop()));
      await Promise.all([setup, ...buses.map(({ connection }) => connection)].map((each) => each.close()));
      await nats.stop();
    },
  };
}

/** A call that upstream answers at once: resolves to the id of its permit. */
export const call = (
  { clock }: Stage,
  limiter: Limiter,
  endpoint: 'riders_single' | 'signups' | 'clubs',
  calls: number[] = [],
): Promise<string> =>
  limiter.withPermit({ endpoint, lane: 'manual_rider_add' }, async (permit) => {
    permit.use();
    calls.push(clock.now());
    permit.settle({ result: 'answered', status: 200 });
    return permit.id;
  });
