import { fileURLToPath } from 'node:url';
import { catalog } from '@paceline/shared/contracts';
import { openDatabase } from '@paceline/shared/database';
import { accountOf } from '@paceline/shared/limiter';
import { eventStream, listen, publish, shareEvents } from '@paceline/shared/messaging';
import type { RunningService, ServiceContext } from '@paceline/shared/runtime';
import { takeCommandWith } from './adapters/take-command.ts';
import { askRunWith } from './adapters/ask-run.ts';
import { budgetsOf } from './adapters/budgets.ts';
import { cancelWith } from './adapters/cancel.ts';
import { openBroker } from './adapters/broker.ts';
import { startFeed } from './adapters/feed.ts';
import { commandQueue } from './adapters/command-queue.ts';
import { currentWindows } from './adapters/current-windows.ts';
import { createFollower } from './adapters/follow.ts';
import { freshnessWith } from './adapters/freshness.ts';
import { handWith, isLostWith } from './adapters/hand-on.ts';
import { keepHistory } from './adapters/history.ts';
import { startHousekeeping } from './adapters/housekeeping.ts';
import { keysIn } from './adapters/idempotency.ts';
import { limiterStatus } from './adapters/limiter-status.ts';
import { measureStored } from './adapters/metrics.ts';
import { orAborted } from './adapters/or-aborted.ts';
import { slack } from './adapters/slack.ts';
import { schedulesOf } from './adapters/schedules.ts';
import { commandStore } from './adapters/store-commands.ts';
import { startSweep } from './adapters/sweep.ts';
import { watchAlerts } from './adapters/watch-alerts.ts';
import type { ApiConfig } from './config.ts';
import { createApp } from './http/app.ts';
import { type HttpServer, listenHttp } from './http/listen.ts';
import { longestAnswerMs } from './http/time-limit.ts';

const connections = 10;
/** Only for taking commands, so that many reads do not slow them: two for each kind of statement that is sent in batches. */
const connectionsForCommands = 10;
/** Built when it is set up, not when it runs. */
const dashboard = fileURLToPath(new URL('../../../apps/dashboard/dist', import.meta.url));

/** A started API and where it is served. */
export type RunningApi = RunningService & Pick<HttpServer, 'url' | 'port'>;

/**
 * The HTTP API. It serves before the broker is there: what is stored can be read without it, and probes are answered.
 * @throws {Error} when its port is taken
 */
export async function startApi(context: ServiceContext<ApiConfig>): Promise<RunningApi> {
  const { config, clock, log, signal } = context;
  const onError = (error: Error) => log.warn({ err: error }, 'a connection to the database broke');
  const database = openDatabase(config.DATABASE_URL, onError, connections);
  // Without a limit: a command waits for a slow database, and only one that refuses or breaks connections is away.
  const forCommands = openDatabase(config.DATABASE_URL, onError, connectionsForCommands, 0);
  const { db } = database;
  const broker = openBroker(config.NATS_URL, log);
  const account = accountOf(config.ZWIFTRACING_API_KEY);
  const status = limiterStatus(broker, account);
  const follower = createFollower();
  const hand = handWith(broker, forCommands.db, clock, log);
  const queue = commandQueue(config.API_COMMAND_QUEUE);
  const commands = commandStore(forCommands.db, queue, clock.machine);
  const keys = keysIn(forCommands.db, queue, clock.machine, () => {
    const now = clock.now();
    const abandonedMs = clock.fromMachine(longestAnswerMs + 5_000);
    return { now, keptSince: now - config.API_IDEMPOTENCY, abandonedSince: now - abandonedMs };
  });
  const feed = startFeed(broker.connected.then(eventStream), account, log, signal);
  const budgets = budgetsOf(broker, account);
  const windows = currentWindows(budgets, clock.machine);
  const freshness = freshnessWith(broker);
  const checks = { database: database.ping, broker: () => broker.reach().then(() => undefined) };

  const app = createApp(
    {
      db,
      clock,
      account,
      askRun: askRunWith(broker, db, clock),
      cancel: cancelWith(broker, db, clock),
      takeCommand: takeCommandWith({
        db,
        broker,
        store: commands.store,
        hand,
        follower,
        windows,
        clock,
        log,
      }),
      keys,
      windows,
      limiterStatus: status,
      budgets,
      freshness,
      schedules: schedulesOf(broker),
      feed,
      traceUrl: config.API_TRACE_URL,
      checks,
      stopping: signal,
    },
    {
      host: config.API_HOST,
      tokens:
        config.API_TOKEN === undefined
          ? undefined
          : { operator: config.API_TOKEN, viewer: config.API_VIEWER_TOKEN },
      requestsPerSecond: config.API_RATE_LIMIT,
      origins: config.API_CORS_ORIGINS,
      dashboard,
    },
    log,
  );
  const { API_TLS_CERT: cert, API_TLS_KEY: key } = config;
  const server = await listenHttp(
    (request, bindings) => app.fetch(request, bindings),
    config.API_HOST,
    config.API_PORT,
    cert !== undefined && key !== undefined ? { cert, key } : undefined,
  );
  log.info({ url: server.url }, 'serving');
  const bus = await orAborted(broker.connected, signal);
  listen(bus, catalog.commandChanged, {}, follower.hear);
  const sweep = startSweep({
    db,
    hand,
    broker,
    isLost: isLostWith(broker, db),
    refused: commands.refused,
    clock,
    log,
  });
  const alerts = watchAlerts({
    db,
    clock,
    log,
    budgets,
    limiterStatus: status,
    freshness,
    announce: async (alert) => {
      const id = `alert:${alert.id}:${alert.resolvedAt === null ? 'raised' : 'resolved'}`;
      await publish(bus, catalog.alertChanged, alert, { id }).catch((error: unknown) => {
        log.warn({ err: error, id }, 'a change of an alert could not be published');
      });
    },
    tell: config.SLACK_WEBHOOK_URL === undefined ? undefined : slack(config.SLACK_WEBHOOK_URL),
    url: config.API_PUBLIC_URL ?? server.url,
  });
  listen(bus, catalog.alert, {}, alerts.look);
  measureStored(db, clock);
  const history = await orAborted(
    shareEvents(bus, (events) => keepHistory(db, events, clock.now(), log)),
    signal,
  );
  const retention = {
    history: config.RETENTION_HISTORY,
    events: config.RETENTION_EVENTS,
    copies: config.RETENTION_COPIES,
    riderHistory: config.RETENTION_RIDER_HISTORY,
    answers: config.API_IDEMPOTENCY,
  };
  const housekeeping = startHousekeeping(db, retention, clock, log);

  return {
    url: server.url,
    port: server.port,
    checks,
    async drain() {
      await Promise.all([server.drain(), sweep.stop(), alerts.stop(), history.stop(), housekeeping.stop()]);
      await hand.settled();
    },
    async close() {
      server.close();
      await Promise.all([broker.close(), database.close(), forCommands.close()]);
    },
  };
}
