import { type Clock, createClock } from '../../clock/index.ts';
import { type Config, loadConfig, type VariableName } from '../../config/index.ts';
import {
  catalog,
  type CommandChanged,
  permissionsOf,
  type RunChanged,
  type Service,
  type SyncKind,
  type Tick,
  tickOf,
} from '../../contracts/index.ts';
import { type Database, migrate, openDatabase } from '../../database/index.ts';
import { type Bus, connect, createBus, listen, provision, publish } from '../../messaging/index.ts';
import type { RunningService, ServiceContext } from '../../runtime/index.ts';
import { createLogger } from '../../telemetry/index.ts';
import { type TestNats, testNats, type TestPostgres, testPostgres } from '../../testing/index.ts';

/** A real broker and a real Postgres, provided for, on a fast clock: what a service is put on in its tests. */
export interface Stage {
  readonly clock: Clock;
  readonly nats: TestNats;
  readonly postgres: TestPostgres;
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
  /** One of them that nobody has used yet, so with all of its windows free. */
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

/** What the limiter reads. */
export const limiterVariables = [
  'NATS_URL',
  'ZWIFTRACING_TIER',
  'RETENTION_JOURNAL',
  'PACELINE_CLOCK',
  'HEALTH_HOST',
  'HEALTH_PORT',
  'LOG_LEVEL',
] as const;

const users: readonly Service[] = ['limiter', 'rider-sync', 'event-sync'];

const allKeys = Array.from({ length: 50 }, (_, index) => `key-${index}`);

/**
 * @param scale how much faster than the machine the stage lives
 * @param anchor when its clock agrees with the machine's, epoch ms
 */
export async function openStage(scale: number, anchor = Date.now()): Promise<Stage> {
  const clock = createClock({ scale, anchor });
  const log = createLogger('stage', process.env.STAGE_LOG === undefined ? ('silent' as 'error') : 'debug');
  const nats = await testNats({
    users: [
      { user: 'admin', password: 'p', publish: ['>'], subscribe: ['>'] },
      ...users.map((user) => ({ user, password: 'p', ...permissionsOf(user) })),
    ],
  });
  const postgres = await testPostgres();
  await migrate(postgres.url);
  const database = openDatabase(postgres.url, () => undefined);
  const urlFor = (user: string) => nats.url.replace('//', `//${user}:p@`);
  const connection = await connect(urlFor('admin'), 'provision');
  await provision(connection);
  const bus = createBus(connection, log);
  const runChanges: RunChanged[] = [];
  const commandChanges: CommandChanged[] = [];
  listen(bus, catalog.runChanged, {}, (change) => runChanges.push(change));
  listen(bus, catalog.commandChanged, {}, (change) => commandChanges.push(change));
  const running = new Set<StagedService>();
  const unused = [...allKeys];
  let slots = 0;

  const env = (service: Service) => ({
    NATS_URL: urlFor(service),
    DATABASE_URL: postgres.url,
    PACELINE_CLOCK: `scale=${scale},anchor=${anchor}`,
  });
  const send = async (tick: Tick) => {
    await publish(bus, tickOf[tick.kind], tick);
  };
  return {
    clock,
    nats,
    postgres,
    db: database.db,
    bus,
    runChanges,
    commandChanges,
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
      const service = await start({ name, config, clock, log, signal: stopping.signal });
      const staged: StagedService = {
        ...service,
        async stop() {
          if (!running.delete(staged)) return;
          stopping.abort(new Error('shutting down'));
          await service.drain();
          await service.close();
        },
      };
      running.add(staged);
      return staged;
    },
    async tick(kind, slotMs, mode = 'on') {
      const scheduledFor = Math.round(clock.now());
      slots += 1;
      const slotId = `slot:${kind}:${slots}`;
      const endsAt = Math.round(scheduledFor + slotMs);
      const tick: Tick = { slotId, kind, scheduledFor, endsAt, mode };
      await send(tick);
      return tick;
    },
    publish: send,
    async close() {
      // Last come, first gone: whoever asks the limiter goes before it.
      for (const service of [...running].toReversed()) await service.stop();
      await database.close();
      await connection.close();
      await Promise.all([nats.stop(), postgres.stop()]);
    },
  };
}
