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
import type { ServiceContext } from '../../runtime/index.ts';
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
  /** A service's context with its own rights on the broker. `stop` begins its shutdown. */
  context<Needed extends VariableName>(
    service: Service,
    needed: readonly Needed[],
    env?: Record<string, string>,
  ): { readonly context: ServiceContext<Config<Needed>>; stop(): void };
  /** Opens a slot from now on; `slotMs` is project time. */
  tick(kind: SyncKind, slotMs: number): Promise<Tick>;
  publish(tick: Tick): Promise<void>;
  close(): Promise<void>;
}

const users: readonly Service[] = ['limiter', 'rider-sync', 'event-sync'];

/** @param scale how much faster than the machine the stage lives */
export async function openStage(scale: number): Promise<Stage> {
  const anchor = Date.now();
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
    context(service, needed, more = {}) {
      const stopping = new AbortController();
      const { signal } = stopping;
      const config = loadConfig({ ...env(service), ...more }, needed);
      return {
        context: { name: service, config, clock, log, signal },
        stop: () => stopping.abort(new Error('shutting down')),
      };
    },
    async tick(kind, slotMs) {
      const scheduledFor = Math.round(clock.now());
      slots += 1;
      const slotId = `slot:${kind}:${slots}`;
      const tick = { slotId, kind, scheduledFor, endsAt: Math.round(scheduledFor + slotMs) };
      await send(tick);
      return tick;
    },
    publish: send,
    async close() {
      await database.close();
      await connection.close();
      await Promise.all([nats.stop(), postgres.stop()]);
    },
  };
}
