import { Logger, makeWorkerUtils, run as runWorker } from 'graphile-worker';
import pg from 'pg';
import { RateLimiterPostgres, RateLimiterQueue } from 'rate-limiter-flexible';
import { concurrency, type HandBuilt } from './queue.ts';
import { type AddCommand, openStore } from './store.ts';

const task = 'add-rider';
const channel = 'command_ended';
const logger = new Logger(() => () => undefined);

/** Command and job in one transaction, by graphile-worker's function for SQL. */
const submitCommand = {
  name: 'submit-command',
  text: `
    with stored as (
      insert into commands (command_id, rider_id, state, requested_at) values ($1, $2, 'waiting', now()) returning *)
    select graphile_worker.add_job('${task}', json_build_object('commandId', command_id, 'riderId', rider_id)) from stored`,
};

/** A job in the command's transaction; a notification in the transaction of its end wakes the request that waits. */
export const graphile: HandBuilt = {
  id: 'graphile',
  name: 'graphile-worker',
  as: 'Hono, graphile-worker, RateLimiterQueue on RateLimiterPostgres, pg',
  broker: 'none',
  async migrate({ databaseUrl }) {
    const utils = await makeWorkerUtils({ connectionString: databaseUrl, logger });
    await utils.migrate();
    await utils.release();
  },
  async openServer({ databaseUrl }) {
    const store = openStore(databaseUrl);
    const waiters = new Map<string, () => void>();
    const listener = new pg.Client({ connectionString: databaseUrl });
    await listener.connect();
    listener.on('notification', ({ payload = '' }) => waiters.get(payload)?.());
    await listener.query(`listen ${channel}`);
    return {
      store,
      async submit({ commandId, riderId }, waitMs) {
        const { promise, resolve } = Promise.withResolvers<boolean>();
        // Before the command is stored, so that its end cannot be missed.
        if (waitMs !== undefined) waiters.set(commandId, () => resolve(true));
        const timer = setTimeout(() => resolve(false), waitMs ?? 0);
        try {
          await store.pool.query({ ...submitCommand, values: [commandId, riderId] });
          return waitMs === undefined ? false : await promise;
        } finally {
          clearTimeout(timer);
          waiters.delete(commandId);
        }
      },
    };
  },
  async openWorker({ databaseUrl, limit }, run) {
    const store = openStore(databaseUrl, `select pg_notify('${channel}', $11)`);
    // Its windows are whole seconds.
    const perSecond = Math.round((limit.calls * 1_000) / limit.windowMs);
    const limiter = await openLimiter(store.pool, perSecond);
    await runWorker({
      pgPool: new pg.Pool({ connectionString: databaseUrl, max: 10 }),
      logger,
      noHandleSignals: true,
      taskList: {
        [task]: async (payload) => {
          await limiter.removeTokens(1);
          await run(store, payload as AddCommand);
        },
      },
      // Its guide for throughput: fetch and complete jobs in batches.
      preset: {
        worker: {
          concurrentJobs: concurrency,
          localQueue: { size: 4 * concurrency },
          completeJobBatchDelay: 0,
        },
      },
    });
  },
};

const openLimiter = (pool: pg.Pool, points: number): Promise<RateLimiterQueue> =>
  new Promise((resolve, reject) => {
    const limiter = new RateLimiterPostgres(
      { storeClient: pool, points, duration: 1, tableName: 'limits' },
      (error?: Error) => (error ? reject(error) : resolve(new RateLimiterQueue(limiter))),
    );
  });
