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
import { type Bus, createBus, listen, publish } from '../../messaging/index.ts';
import type { RunningService, ServiceContext } from '../../runtime/index.ts';
import { type Place, takePlace, timeOn } from '../../testing/place.ts';
import { anEvening, type TestTime } from '../../testing/time.ts';
import { testLog } from '../../testing/log.ts';

/** A real broker and a real Postgres, and time that the test moves: what a service is put on in its tests. */
export interface Stage<P extends Place = Place> extends TestTime {
  readonly place: P;
  readonly db: Database;
  /** May do everything; tests speak through it. */
  readonly bus: Bus;
  /** Every change of a run or a command that was published, in order. */
  readonly runChanges: readonly RunChanged[];
  readonly commandChanges: readonly CommandChanged[];
  /** The environment that a service of this stage is configured by. */
  env(service: Service): Record<string, string>;
  /** Upstream's keys. */
  readonly keys: Readonly<Record<string, 'standard'>>;
  /** An unused one of them, so with all of its windows free. */
  newKey(): string;
  /** Starts a service with its own rights on the broker. What still runs at the end is stopped by `close`. */
  run<Needed extends VariableName>(
    service: Service,
    needed: readonly Needed[],
    start: (context: ServiceContext<Config<Needed>>) => Promise<RunningService>,
    env?: Record<string, string>,
  ): Promise<StagedService>;
  /** Opens a slot from now on; `slotMs` is project time. */
  tick(kind: SyncKind, slotMs: number, mode?: Tick['mode']): Promise<Tick>;
  publish(tick: Tick): Promise<void>;
  close(): Promise<void>;
}

export interface StagedService extends RunningService {
  /** Ends it in good order; once. */
  stop(): Promise<void>;
}

/**
 * How fast project time goes beside the machine's, and the moment at which the two agree: unless given, an evening in
 * November, or now where time runs.
 */
export interface StageSetting {
  readonly scale: number;
  readonly anchor?: number;
  /** Time runs by itself, for tests of processes. */
  readonly runs?: boolean;
}

const allKeys = Array.from({ length: 50 }, (_, index) => `key-${index}`);

/** @param place where its services have their broker and their database; on the shared servers unless given */
export async function openStage<P extends Place = Place>(
  { scale, runs = false, anchor = runs ? thisMachine.now() : anEvening }: StageSetting,
  place?: P,
): Promise<Stage<P>> {
  const on = (place ?? (await takePlace())) as P;
  const time = await timeOn(on, { scale, anchor }, runs);
  const { clock } = time;
  const log = testLog('stage');
  const database = openDatabase(on.databaseUrl, () => undefined);
  const bus = createBus(on.admin, log);
  const running = new Set<StagedService>();
  const unused = [...allKeys];
  let slots = 0;

  const env = (service: Service) => ({
    NATS_URL: on.brokerUrl(service),
    DATABASE_URL: on.databaseUrl,
    PACELINE_CLOCK: `scale=${scale},anchor=${anchor}`,
  });
  const send = async (tick: Tick) => void (await publish(bus, tickOf[tick.kind], tick));
  return {
    ...time,
    place: on,
    db: database.db,
    bus,
    ...changesOn(bus),
    env,
    keys: Object.fromEntries(allKeys.map((key) => [key, 'standard' as const])),
    newKey() {
      const key = unused.pop();
      if (key === undefined) throw new Error('no key is left');
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
      // The last first: the limiter outlives its clients.
      for (const service of [...running].toReversed()) await service.stop();
      await database.close();
      await on.close();
    },
  };
}

function changesOn(bus: Bus) {
  const runChanges: RunChanged[] = [];
  const commandChanges: CommandChanged[] = [];
  listen(bus, catalog.runChanged, {}, (change) => runChanges.push(change));
  listen(bus, catalog.commandChanged, {}, (change) => commandChanges.push(change));
  return { runChanges, commandChanges };
}

function addTo(
  running: Set<StagedService>,
  service: RunningService,
  stop: () => Promise<void>,
): StagedService {
  const staged: StagedService = {
    ...service,
    async stop() {
      if (running.delete(staged)) await stop();
    },
  };
  running.add(staged);
  return staged;
}
