import { fileURLToPath } from 'node:url';
import { catalog, clockOrigin } from '@paceline/shared/contracts';
import { type Database, databaseOrigin, openDatabase, retryDuringOutage } from '@paceline/shared/database';
import { freshnessGoalsOf } from '@paceline/shared/config';
import { accountOf } from '@paceline/shared/limiter';
import {
  brokerOrigin,
  type Bus,
  eventStream,
  subscribe,
  publish,
  consumeEvents,
} from '@paceline/shared/messaging';
import { assertOwnState, notReady, type RunningService, type ServiceContext } from '@paceline/shared/runtime';
import { reasonOf, repeatedFailure } from '@paceline/shared/telemetry';
import { slack, watchAlerts } from './alerts/watch.ts';
import { accountsOf, type ShownAccount, upstreamsOf } from './budgets/accounts.ts';
import { type Broker, openBroker, orAborted } from './broker.ts';
import { commandQueue } from './commands/queue.ts';
import { cancelCommandWith } from './commands/cancel.ts';
import { idempotencyKeys } from './commands/idempotency.ts';
import { commandPublisher, startSweep } from './commands/publish.ts';
import { commandStore } from './commands/store.ts';
import { commandWatches, submitCommandWith } from './commands/submit.ts';
import type { ApiConfig } from './config.ts';
import { storeConflicts } from './coordination/conflicts.ts';
import { type HealthWatch, watchHealth } from './health/watch.ts';
import { openDoors } from './door/open.ts';
import { countSignups, recentCounts } from './events/counts.ts';
import { createApp } from './http/app.ts';
import { maxResponseMs } from './http/limits.ts';
import { type HttpServer, listenHttp } from './http/listen.ts';
import { currentWindows } from './http/rate-limit.ts';
import type { Services } from './http/route.ts';
import { streamTokens } from './http/stream-tokens.ts';
import { measureParts, measureStoredData } from './operations/metrics.ts';
import { type Peers, peersOf } from './peers.ts';
import { startHousekeeping } from './retention.ts';
import { republishLostTicks } from './runs/lost-ticks.ts';
import { riderFinder } from './riders/find.ts';
import { callsOf } from './events/freshness.ts';
import { sharedReply } from './shared-reply.ts';
import { triggersWith } from './runs/trigger.ts';
import { startFeed } from './stream/feed.ts';

const connections = 10;
/** Real ms. With its time limit, a database that hangs is noticed within four seconds. */
const pingMs = 2_000;
/** Only for commands, so that many reads don't slow them down: two per kind of batched statement. */
const commandConnections = 10;
/** Real ms after which a database that says nothing counts as gone for commands. */
const commandStatementMs = 300_000;
/** Built during setup. */
const dashboard = fileURLToPath(new URL('../../../apps/dashboard/dist', import.meta.url));

export type RunningApi = RunningService & Pick<HttpServer, 'url' | 'port'>;

interface ApiParts extends ServiceContext<ApiConfig> {
  readonly account: string;
  readonly db: Database;
  readonly commandDb: Database;
  readonly broker: Broker;
  readonly peers: Peers;
}

/** Starts the HTTP API, which serves reads even before the broker is connected. @throws {Error} when the port is in use */
export async function startApi(context: ServiceContext<ApiConfig>): Promise<RunningApi> {
  const { config, log, signal } = context;
  const lost = repeatedFailure((error) => log.warn({ reason: reasonOf(error) }, 'database connection lost'));
  const database = openDatabase(config.DATABASE_URL, lost.failed, { connections, pingMs, name: 'api' });
  // Commands wait for a slow database, and fail only when it rejects or breaks connections, or says nothing for minutes.
  const commandDatabase = openDatabase(config.DATABASE_URL, lost.failed, {
    name: 'api',
    connections: commandConnections,
    maxWaitMs: 0,
    statementMs: commandStatementMs,
  });
  const broker = openBroker(config.NATS_URL, log);
  const account = accountOf(config.ZWIFTRACING_API_KEY);
  const databases = { db: database.db, commandDb: commandDatabase.db };
  const parts: ApiParts = { ...context, ...databases, account, broker, peers: peersOf(broker, account) };
  const checks = { database: database.ping, ...broker.checks };
  const { doors, close: closeDoors } = openDoors(parts);
  const upstream = config.UPSTREAMS.zwiftracing;
  const { connected } = broker;
  const accounts = accountsOf({ upstream, account, limiter: parts.peers.limiter }, doors);
  const feed = startFeed(connected.then(eventStream), upstreamsOf(accounts), log, signal);
  const lastEvent = () => feed.ring()?.last;
  const health = watchHealth({ ...context, account, checks, connected, lastEvent, db: database.db });

  let isLeaving = false;
  const commands = createCommands(parts);
  const server = await serve(parts, {
    ...parts,
    ...parts.peers,
    ...commands.services,
    findRider: riderFinder(parts.db, parts.clock.machine),
    refreshPlan: refreshPlanOf(parts),
    recentCounts: recentCounts(countSignups(parts.db), parts.clock.machine),
    triggers: triggersWith(broker, parts.db, parts.clock),
    feed,
    accounts,
    doors,
    streamTokens: streamTokens(config.API_TOKEN, parts.clock.machine),
    traceUrl: config.API_TRACE_URL,
    checks: () => (isLeaving || signal.aborted ? notReady('shutting down') : checks),
    health,
    stopping: signal,
  });
  log.info({ url: server.url }, 'listening');
  measureParts(health);
  const own = { clock: clockOrigin(config.PACELINE_CLOCK) };
  const mark = await retryDuringOutage(context, () => databaseOrigin(database.db));
  assertOwnState({ database: mark }, own);
  // Before the broker is connected: it is worth an alert when it is down.
  const alerts = startAlerts(parts, health, accounts, server.url);
  const bus = await orAborted(broker.connected, signal);
  assertOwnState({ broker: await brokerOrigin(bus.js), database: mark }, own);
  subscribe(bus, catalog.alert, {}, alerts.runNow);
  subscribe(bus, catalog.commandChanged, {}, commands.watches.notify);
  const ticks = republishLostTicks(parts);
  subscribe(bus, catalog.runChanged, {}, ticks.onWork);
  const sweeps = [commands.startSweep(), ticks];
  const jobs = [health, alerts, ...sweeps, ...(await startJobs(parts, bus))];
  return {
    url: server.url,
    port: server.port,
    checks,
    leave() {
      isLeaving = true;
      server.leave();
    },
    async drain() {
      await Promise.all([server.drain(), ...jobs.map((job) => job.stop())]);
      await Promise.all([commands.publisher.settled(), closeDoors()]);
    },
    async close() {
      server.close();
      await Promise.all([broker.close(), database.close(), commandDatabase.close()]);
    },
  };
}

function createCommands({ config, db, commandDb, broker, peers, clock, log }: ApiParts) {
  const watches = commandWatches();
  const publisher = commandPublisher(broker, commandDb, clock, log);
  const queue = commandQueue(config.API_COMMAND_QUEUE);
  const { store, rejected } = commandStore(commandDb, queue, clock.machine);
  const windows = currentWindows(peers.limiter, clock.machine);
  const keys = idempotencyKeys(commandDb, queue, clock.machine, () => {
    const now = clock.now();
    const abandonedMs = clock.toProjectMs(maxResponseMs + 5_000);
    return { now, keptSince: now - config.API_IDEMPOTENCY, abandonedSince: now - abandonedMs };
  });
  let onWork = () => {};
  const storeAndSweep: typeof store = (...command) => store(...command).finally(() => onWork());
  const submitCommand = submitCommandWith({
    db,
    broker,
    store: storeAndSweep,
    publisher,
    watches,
    windows,
    endpoints: config.UPSTREAMS.zwiftracing.endpoints,
    clock,
    log,
  });
  return {
    watches,
    publisher,
    startSweep() {
      const sweep = startSweep({ db, publisher, broker, rejected, clock, log });
      ({ onWork } = sweep);
      return sweep;
    },
    services: { watches, keys, windows, submitCommand, cancelCommand: cancelCommandWith(broker, db, clock) },
  };
}

/** As many calls as a plan has at most. */
const plannedCalls = 100;

/** Schedule and plan are only an addition to a response. */
function refreshPlanOf({ config, clock, peers }: ApiParts): Services['refreshPlan'] {
  const goals = freshnessGoalsOf(config);
  const currentSchedule = sharedReply(() => peers.scheduler.schedule({ timeoutMs: 2_000 }), clock.machine, {
    maxWaitMs: 500,
    sharedForMs: 1_000,
  });
  // Other requests do not wait while it is planned again.
  const currentCalls = sharedReply(() => peers.freshness(plannedCalls, { timeoutMs: 2_000 }), clock.machine, {
    maxWaitMs: 250,
    sharedForMs: 3_000,
    keptForMs: 10_000,
  });
  return async () => {
    const [reply, report] = await Promise.all([currentSchedule(), currentCalls()]);
    const schedule = reply?.answer === 'in_force' ? reply.schedule : undefined;
    return { goals, schedule, calls: callsOf(report?.next ?? []), now: clock.now() };
  };
}

function serve({ config, log }: ApiParts, services: Services): Promise<HttpServer> {
  const { API_TOKEN: operator, API_VIEWER_TOKEN: viewer, API_PROGRAM_TOKENS: programs = {} } = config;
  const { API_TLS_CERT: cert, API_TLS_KEY: key } = config;
  const settings = {
    host: config.API_HOST,
    tokens: operator === undefined ? undefined : { operator, viewer, programs },
    requestsPerSecond: config.API_RATE_LIMIT,
    origins: config.API_CORS_ORIGINS,
    dashboard,
  };
  const app = createApp(services, settings, log);
  return listenHttp(
    (request, bindings) => app.fetch(request, bindings),
    config.API_HOST,
    config.API_PORT,
    cert !== undefined && key !== undefined ? { cert, key } : undefined,
  );
}

function startAlerts(
  { config, db, clock, log, peers, broker }: ApiParts,
  health: HealthWatch,
  accounts: readonly ShownAccount[],
  url: string,
) {
  return watchAlerts({
    db,
    clock,
    log,
    health,
    ...peers,
    accounts,
    publish: async (alert, id) => {
      try {
        const { duplicate } = await publish(broker.bus(), catalog.alertChanged, alert, { id });
        return duplicate;
      } catch (error) {
        log.warn({ err: error, id }, 'failed to publish an alert change');
        return undefined;
      }
    },
    sendToChat: config.SLACK_WEBHOOK_URL === undefined ? undefined : slack(config.SLACK_WEBHOOK_URL),
    url: config.API_PUBLIC_URL ?? url,
  });
}

async function startJobs({ config, db, clock, log, signal }: ApiParts, bus: Bus) {
  measureStoredData(db, clock);
  const conflicts = consumeEvents(bus, (events) => storeConflicts(db, events, log));
  const retention = {
    history: config.RETENTION_HISTORY,
    events: config.RETENTION_EVENTS,
    copies: config.RETENTION_COPIES,
    riderHistory: config.RETENTION_RIDER_HISTORY,
    responses: config.API_IDEMPOTENCY,
  };
  return [await orAborted(conflicts, signal), startHousekeeping(db, retention, clock, log)];
}
