import { formatClock, thisMachine } from '@paceline/shared/clock';
import { loadConfig } from '@paceline/shared/config';
import {
  catalog,
  type Coordination,
  type Heartbeat,
  type Service,
  type WindowView,
} from '@paceline/shared/contracts';
import {
  accountOf,
  createLimiters,
  type Limiter,
  type Limiters,
  partitionOf,
} from '@paceline/shared/limiter';
import { type Bus, connect, createBus, subscribe, request } from '@paceline/shared/messaging';
import type { Checks } from '@paceline/shared/runtime';
import { eventually, testLog } from '@paceline/shared/testing';
import { type TestBackend, sharedBackend, timeFor } from '@paceline/shared/testing/backend';
import { testEvening, type TestTime } from '@paceline/shared/testing/time';
import { limiterVariables } from '../config.ts';
import { startLimiter } from '../service.ts';

/** A minute takes 50 ms of the machine, an hour 3 s: about ten heartbeats of a limiter. */
const scale = 1_200;
/** Real ms: an upper limit for waits while time stands still. */
export const waitOptions = { timeoutMs: 5 * 60_000 };

/** A limiter that runs in this process. */
export interface HarnessLimiter {
  readonly id: string;
  readonly checks: Checks;
  /** Shuts it down; a second call does nothing. */
  stop(): Promise<void>;
}

/** A real broker and Postgres with limiters and clients, and time that the test moves. */
export interface LimiterHarness<P extends TestBackend = TestBackend> extends TestTime {
  readonly broker: P;
  /** The heartbeats of every limiter, oldest first. */
  readonly heartbeats: readonly Heartbeat[];
  /** Starts a limiter, and returns once every partition has an owner. */
  start(): Promise<HarnessLimiter>;
  /** The environment of a limiter that runs as its own process. */
  readonly env: Record<string, string>;
  /** The id of the next limiter that sends its first heartbeat. */
  nextLimiterId(): Promise<string>;
  /** A client with an account of its own by default, so that tests don't share windows. */
  client(account?: string): Limiter & { account: string };
  /** A new account. Numbered, so that its partition is the same in every run. */
  newAccount(): string;
  closeClients(): Promise<void>;
  /** Rejects while the partition is being taken over, as does `windows`: use with `until`. */
  status(account: string): Promise<Coordination>;
  windows(account: string): Promise<readonly WindowView[]>;
  /** A connection to the broker as this service. */
  connectAs(service: Service): Promise<Bus>;
  /** Returns once every connection to a restarted broker is back, without advancing time. */
  reconnected(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Long, because it is one table of small helpers over the same broker.
 * @param runs time runs on its own, for tests with processes
 */
export async function openLimiterHarness<P extends TestBackend = TestBackend>(
  existing?: P,
  { runs = false }: { runs?: boolean } = {},
): Promise<LimiterHarness<P>> {
  const broker = (existing ?? (await sharedBackend())) as P;
  const setting = { scale, anchor: runs ? thisMachine.now() : testEvening };
  const time = await timeFor(broker, setting, runs);
  const { clock } = time;
  const log = testLog('limiter-test');
  const buses: Bus[] = [];
  const connectAs = async (service: Service) => {
    const bus = createBus(await connect(broker.brokerUrl(service), service), log);
    buses.push(bus);
    return bus;
  };
  const syncBus = await connectAs('rider-sync');
  const apiBus = await connectAs('api');
  const limiterBus = await connectAs('limiter');
  const clients: Limiters[] = [];
  let accounts = 0;
  const newAccount = () => {
    accounts += 1;
    return accountOf(`key-${accounts}`);
  };
  const running = new Map<HarnessLimiter, Awaited<ReturnType<typeof startLimiter>>>();
  const heartbeats: Heartbeat[] = [];
  subscribe(limiterBus, catalog.heartbeat, {}, (heartbeat) => heartbeats.push(heartbeat));

  const nextLimiterId = () => {
    const known = new Set(heartbeats.map(({ limiter }) => limiter));
    return time.until(() => {
      const found = heartbeats.find(({ limiter }) => !known.has(limiter));
      if (!found) throw new Error('no heartbeat of a new limiter');
      return found.limiter;
    });
  };

  const urls = { NATS_URL: broker.brokerUrl('limiter'), DATABASE_URL: broker.databaseUrl };
  const partitionFor = (account: string) => ({ partition: partitionOf(account) });

  return {
    ...time,
    broker,
    heartbeats,
    connectAs,
    nextLimiterId,
    env: { ...urls, PACELINE_CLOCK: formatClock(setting) },
    async start() {
      const config = loadConfig(urls, limiterVariables);
      const { signal } = new AbortController();
      const started = nextLimiterId();
      const service = await time.during(startLimiter({ name: 'limiter', config, clock, log, signal }));
      const id = await started;
      await time.until(() => service.checks.partitions?.());
      const limiter: HarnessLimiter = {
        id,
        checks: service.checks,
        async stop() {
          if (!running.delete(limiter)) return;
          await time.during(service.drain().then(() => service.close()));
        },
      };
      running.set(limiter, service);
      return limiter;
    },
    newAccount,
    client(account = newAccount()) {
      const limiters = createLimiters(syncBus, clock);
      clients.push(limiters);
      return { ...limiters.of(account), account };
    },
    async closeClients() {
      await time.during(Promise.all(clients.splice(0).map((limiters) => limiters.close())));
    },
    status: (account) => request(apiBus, catalog.status, partitionFor(account), { account }, 2_000),
    windows: async (account) =>
      (await request(apiBus, catalog.windows, partitionFor(account), { account }, 2_000)).windows,
    reconnected: () =>
      eventually(async () => {
        for (const { connection } of [...buses, { connection: broker.admin }]) await connection.rtt();
        for (const { checks } of running.values()) await checks.broker?.();
      }, waitOptions),
    async close() {
      for (const limiter of running.keys()) await limiter.stop();
      await Promise.all(buses.map(({ connection }) => connection.close()));
      await broker.close();
    },
  };
}

/** Makes a call that upstream answers immediately. @returns the id of its permit */
export const callNow = (
  { clock }: LimiterHarness,
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

/** The same, while time passes. */
export const call = (...[harness, ...given]: Parameters<typeof callNow>): Promise<string> =>
  harness.during(callNow(harness, ...given));
