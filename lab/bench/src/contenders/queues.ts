import { Queue, Worker } from 'bullmq';
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import { Redis } from 'ioredis';
import { PgBoss } from 'pg-boss';
import {
  type Contender,
  ignore,
  type Job,
  type ContenderLimit,
  onServer,
  perLimit,
  urgencies,
} from './contender.ts';

/** A queue and a worker with a limiter in each process, as in its guide. */
export const bullmq: Contender = {
  id: 'bullmq',
  name: 'bullmq',
  as: 'queue on Redis, Worker with limiter {max N, duration W}',
  ...onServer('redis'),
  async connect({ url }, call) {
    const connection = new Redis(url, { maxRetriesPerRequest: null }).on('error', ignore);
    return perLimit(
      async ({ key, calls, windowMs, concurrency }) => {
        const queue = new Queue<Job>(key, { connection });
        const limiter = calls === Infinity ? {} : { limiter: { max: calls, duration: windowMs } };
        const options = { connection, concurrency, ...limiter };
        const worker = new Worker<Job>(key, ({ data }) => call(data), options);
        queue.on('error', ignore);
        worker.on('error', ignore);
        await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
        return { queue, worker };
      },
      ({ queue }, jobs) =>
        queue.addBulk(
          jobs.map((job) => ({
            name: 'call',
            data: job,
            opts: { priority: 1 + urgencies.indexOf(job.urgency), removeOnComplete: true },
          })),
        ),
      async (all) => {
        await Promise.all(all.map(({ worker }) => worker.close(true)));
        connection.disconnect();
      },
    );
  },
};

/** One worker that fetches N jobs every W; a worker per process would multiply N. */
const pacing = ({ calls, windowMs }: ContenderLimit) => ({
  batchSize: calls,
  pollingIntervalSeconds: windowMs / 1000,
});

/** As fast as possible: woken by notifications, and fetching again while batches are full. */
const flooding = ({ concurrency }: ContenderLimit) => ({
  batchSize: concurrency,
  localConcurrency: 2,
  burstWhenBatchFull: concurrency > 1,
  pollingIntervalSeconds: 0.5,
});

export const pgBoss: Contender = {
  id: 'pg-boss',
  name: 'pg-boss',
  as: 'one worker: batchSize N, pollingIntervalSeconds W',
  ...onServer('postgres'),
  countsIn: 'process',
  async connect({ url }, call, index) {
    const boss = new PgBoss({
      connectionString: url,
      supervise: false,
      schedule: false,
      useListenNotify: true,
    });
    boss.on('error', ignore);
    await boss.start();
    return perLimit(
      async (limit) => {
        const { key } = limit;
        const paced = limit.calls !== Infinity;
        await boss.createQueue(key, { notify: !paced });
        if (paced && index > 0) return key;
        await boss.work<Job>(key, paced ? pacing(limit) : flooding(limit), async (batch) => {
          await Promise.all(batch.map(({ data }) => call(data)));
        });
        return key;
      },
      (key, jobs) =>
        boss.insert(
          key,
          jobs.map((job) => ({ data: job, priority: urgencies.length - urgencies.indexOf(job.urgency) })),
        ),
      () => boss.stop({ graceful: false }),
    );
  },
};

const logger = new Logger(() => () => undefined);

/** Has no limit of calls per time (its `forbiddenFlags` are for an external limiter). */
export const graphileWorker: Contender = {
  id: 'graphile-worker',
  name: 'graphile-worker',
  as: 'queue on Postgres, a runner in each process',
  ...onServer('postgres'),
  limits: false,
  margins: [],
  async connect({ url }, call) {
    const utils = await makeWorkerUtils({ connectionString: url, logger });
    await utils.migrate();
    return perLimit(
      async ({ key, concurrency }) => {
        // Its throughput guide: fetch and complete jobs in batches.
        const flood = { localQueue: { size: 4 * concurrency }, completeJobBatchDelay: 0 };
        const runner = await run({
          connectionString: url,
          logger,
          noHandleSignals: true,
          concurrency,
          maxPoolSize: 10,
          taskList: { [key]: (payload) => call(payload as Job) },
          ...(concurrency > 1 ? { preset: { worker: flood } } : {}),
        });
        return { key, runner };
      },
      ({ key }, jobs) =>
        utils.addJobs(
          jobs.map((job) => ({ identifier: key, payload: job, priority: urgencies.indexOf(job.urgency) })),
        ),
      async (all) => {
        await Promise.all(all.map(({ runner }) => runner.stop().catch(ignore)));
        await utils.release();
      },
    );
  },
};
