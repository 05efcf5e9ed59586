import type { SyncKind } from '../../definition/index.ts';
import { thisMachine } from '../../clock/index.ts';
import { type Config, loadConfig, type VariableName } from '../../config/index.ts';
import {
  catalog,
  type CommandChanged,
  type RunChanged,
  type Service,
  type Tick,
  tickOf,
} from '../../contracts/index.ts';
import { type Database, openDatabase } from '../../database/index.ts';
import { type Bus, createBus, subscribe, publish } from '../../messaging/index.ts';
import type { RunningService, ServiceContext } from '../../runtime/index.ts';
import { type TestBackend, sharedBackend, timeFor } from '../../testing/backend.ts';
import { testEvening, type TestTime } from '../../testing/time.ts';
import { testLog } from '../../testing/log.ts';

/** A real broker, a real Postgres and time that the test controls: what service tests run on. */
export interface SyncHarness<P extends TestBackend = TestBackend> extends TestTime {
  readonly backend: P;
  readonly db: Database;
  /** Has all permissions, for the test's own messages. */
  readonly bus: Bus;
  /** All published changes of runs and commands, in order. */
  readonly runChanges: readonly RunChanged[];
  readonly commandChanges: readonly CommandChanged[];
  /** The environment variables of a service. */
  env(service: Service): Record<string, string>;
  /** The API keys that the sandbox accepts, with their tiers. */
  readonly keys: Readonly<Record<string, 'standard'>>;
  /** A key that was not used yet, so all of its windows are free. */
  newKey(): string;
  /** Starts a service with its own broker permissions; `close` stops it if the test didn't. */
  run<Needed extends VariableName>(
    service: Service,
    needed: readonly Needed[],
    start: (context: ServiceContext<Config<Needed>>) => Promise<RunningService>,
    env?: Record<string, string>,
  ): Promise<HarnessService>;
  /** Publishes a tick for a slot that opens now; `slotMs` is project time. */
  tick(kind: SyncKind, slotMs: number, mode?: Tick['mode']): Promise<Tick>;
  publish(tick: Tick): Promise<void>;
  close(): Promise<void>;
}

export interface HarnessService extends RunningService {
  /** Shuts it down gracefully; later calls do nothing. */
  stop(): Promise<void>;
}

export interface HarnessOptions {
  /** Project ms per real ms. */
  readonly scale: number;
  /** When project time starts; default: an evening in November, or now with `runs`. */
  readonly anchor?: number;
  /** Time runs on its own, for tests with child processes. */
  readonly runs?: boolean;
}

const allKeys = Array.from({ length: 50 }, (_, index) => `key-${index}`);

/** @param existing the backend to use; default: a new account and database on the shared servers */
export async function openSyncHarness<P extends TestBackend = TestBackend>(
  { scale, runs = false, anchor = runs ? thisMachine.now() : testEvening }: HarnessOptions,
  existing?: P,
): Promise<SyncHarness<P>> {
  const backend = (existing ?? (await sharedBackend())) as P;
  const time = await timeFor(backend, { scale, anchor }, runs);
  const { clock } = time;
  const log = testLog('sync-harness');
  const database = openDatabase(backend.databaseUrl, () => undefined);
  const bus = createBus(backend.admin, log);
  const running = new Set<HarnessService>();
  const unused = [...allKeys];
  let slots = 0;

  const env = (service: Service) => ({
    NATS_URL: backend.brokerUrl(service),
    DATABASE_URL: backend.databaseUrl,
    PACELINE_CLOCK: `scale=${scale},anchor=${anchor}`,
  });
  const send = async (tick: Tick) => void (await publish(bus, tickOf[tick.kind], tick));
  return {
    ...time,
    backend,
    db: database.db,
    bus,
    ...changesOn(bus),
    env,
    keys: Object.fromEntries(allKeys.map((key) => [key, 'standard' as const])),
    newKey() {
      const key = unused.pop();
      if (key === undefined) throw new Error('all test keys are used');
      return key;
    },
    async run(name, needed, start, more = {}) {
      const stopping = new AbortController();
      const config = loadConfig({ ...env(name), ...more }, needed);
      const service = await time.during(start({ name, config, clock, log, signal: stopping.signal }));
      return addTo(running, service, () => {
        stopping.abort(new Error('shutting down'));
        return time.during(service.drain().then(() => service.close()));
      });
    },
    async tick(kind, slotMs, mode = 'on') {
      slots += 1;
      const now = Math.round(clock.now());
      const slot = { scheduledFor: now, endsAt: Math.round(now + slotMs) };
      const tick: Tick = { slotId: `slot:${kind}:${slots}`, kind, ...slot, mode };
      await send(tick);
      return tick;
    },
    publish: send,
    async close() {
      // In reverse order, so that the limiter outlives its clients.
      for (const service of [...running].toReversed()) await service.stop();
      await database.close();
      await backend.close();
    },
  };
}

function changesOn(bus: Bus) {
  const runChanges: RunChanged[] = [];
  const commandChanges: CommandChanged[] = [];
  subscribe(bus, catalog.runChanged, {}, (change) => runChanges.push(change));
  subscribe(bus, catalog.commandChanged, {}, (change) => commandChanges.push(change));
  return { runChanges, commandChanges };
}

function addTo(
  running: Set<HarnessService>,
  service: RunningService,
  stop: () => Promise<void>,
): HarnessService {
  const added: HarnessService = {
    ...service,
    async stop() {
      if (running.delete(added)) await stop();
    },
  };
  running.add(added);
  return added;
}
