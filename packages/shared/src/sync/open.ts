import type { SourceName } from '../definition/index.ts';
import type { Clock } from '../clock/index.ts';
import type { Config } from '../config/index.ts';
import { originOf, type Service } from '../contracts/index.ts';
import { type Database, databaseOrigin, openDatabase, retryDuringOutage } from '../database/index.ts';
import { accountOf, createLimiters, type Limiter } from '../limiter/index.ts';
import { brokerOrigin, type Bus, openBus } from '../messaging/index.ts';
import { assertOwnState, type Checks, type ServiceContext } from '../runtime/index.ts';
import { type Logger, reasonOf, repeatedFailure } from '../telemetry/index.ts';
import { pathsOf, type SyncUpstream } from '../upstreams/index.ts';
import { createZwiftRacing, type ZwiftRacing } from '../zwiftracing/index.ts';
import { Sources } from './sources.ts';

/** The variables of every service that calls upstream. */
export const syncVariables = [
  'NATS_URL',
  'DATABASE_URL',
  'UPSTREAMS',
  'ZWIFTRACING_BASE_URL',
  'ZWIFTRACING_API_KEY',
  'ZWIFTRACING_EVENTS_PATH',
  'ZWIFTRACING_SIGNUPS_PATH',
  'PACELINE_CLOCK',
  'HEALTH_HOST',
  'HEALTH_PORT',
  'LOG_LEVEL',
] as const;
export type SyncConfig = Config<(typeof syncVariables)[number]>;

/** The dependencies of a sync. */
export interface Sync {
  readonly db: Database;
  readonly bus: Bus;
  readonly limiter: Limiter;
  /** Whose windows the calls count against: a hash of the API key. */
  readonly account: string;
  readonly upstream: ZwiftRacing;
  /** What its file says. */
  readonly definition: SyncUpstream;
  readonly sources: Sources;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborts when shutdown starts: waits end, and a run stops at its checkpoint. */
  readonly signal: AbortSignal;
}

/** What making and logging a call needs. */
export interface Caller extends Pick<Sync, 'db' | 'limiter' | 'account' | 'clock' | 'log' | 'signal'> {
  readonly sources: Pick<Sources, 'requireAvailable' | 'claimProbe' | 'recordCall'>;
}

/** The current project time in whole ms, as rows and messages store it. */
export const nowMs = ({ clock }: Pick<Sync, 'clock'>): number => Math.round(clock.now());

export interface OpenSync extends Sync {
  readonly checks: Checks;
  close(): Promise<void>;
}

/** Real ms that a call in flight gets after shutdown starts, as its permit is already spent. */
const lastCallMs = 5_000;
const connections = 10;
/** Real ms. The API pings the database more often, and a lost connection or a failed statement shows at once. */
const pingMs = 30_000;

/** Opens the dependencies of a sync. @throws when the broker is too old or rejects us, or the state belongs to another system */
export async function openSync(context: ServiceContext<SyncConfig>, service: Service): Promise<OpenSync> {
  const { config, clock, log, signal } = context;
  // Opened first, because shutdown can start while this waits for the broker.
  const { upstream, addressOf, cancelTimer } = openUpstream(context);
  const { bus, checks } = await openBus(config.NATS_URL, service, log);
  const limiters = createLimiters(bus, clock);
  const account = accountOf(config.ZWIFTRACING_API_KEY);
  const lost = repeatedFailure((error) => log.warn({ reason: reasonOf(error) }, 'database connection lost'));
  const database = openDatabase(config.DATABASE_URL, lost.failed, {
    connections,
    pingMs,
    name: service,
  });
  const { db } = database;
  await checkOrigin(context, bus, db);
  return {
    db,
    bus,
    limiter: limiters.of(account),
    account,
    upstream,
    definition: config.UPSTREAMS.zwiftracing,
    sources: new Sources({ db, bus, clock, log, signal, account, addressOf }),
    clock,
    log,
    signal,
    checks: {
      database: () => database.ping(),
      ...checks,
    },
    async close() {
      cancelTimer();
      await limiters.close();
      await database.close();
      await bus.connection.drain();
    },
  };
}

async function checkOrigin({ config, ...context }: ServiceContext<SyncConfig>, bus: Bus, db: Database) {
  const own = originOf(config.ZWIFTRACING_BASE_URL, config.PACELINE_CLOCK);
  const broker = await brokerOrigin(bus.js);
  assertOwnState({ broker }, own);
  assertOwnState({ broker, database: await retryDuringOutage(context, () => databaseOrigin(db)) }, own);
}

/** Aborts a while after shutdown has started. Cancel its timer at the end. */
export function lastCalls({ clock, signal }: Pick<ServiceContext<unknown>, 'clock' | 'signal'>) {
  const ending = new AbortController();
  let cancelTimer = () => {};
  const endCalls = () => ending.abort(signal.reason);
  signal.addEventListener('abort', () => (cancelTimer = clock.machine.after(lastCallMs, endCalls)), {
    once: true,
  });
  return { signal: ending.signal, cancelTimer: () => cancelTimer() };
}

function openUpstream({ config, clock, signal }: ServiceContext<SyncConfig>) {
  const baseUrl = config.ZWIFTRACING_BASE_URL;
  const definition = config.UPSTREAMS.zwiftracing;
  const firstPath = (name: 'events' | 'signups') => pathsOf(definition.endpoints[name])[0] ?? '';
  const paths = {
    events: config.ZWIFTRACING_EVENTS_PATH ?? firstPath('events'),
    signups: config.ZWIFTRACING_SIGNUPS_PATH ?? firstPath('signups'),
  };
  const last = lastCalls({ clock, signal });
  const apiKey = config.ZWIFTRACING_API_KEY;
  return {
    upstream: createZwiftRacing({ definition, baseUrl, apiKey, paths, clock, signal: last.signal }),
    addressOf: (source: SourceName) =>
      source === 'events' || source === 'signups' ? baseUrl + paths[source] : baseUrl,
    cancelTimer: last.cancelTimer,
  };
}
