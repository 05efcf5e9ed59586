import { Queue, Worker } from 'bullmq';
import { Logger, makeWorkerUtils, run, type Runner } from 'graphile-worker';
import { Redis } from 'ioredis';
import { PgBoss } from 'pg-boss';
import { type Contender, type Job, type Limit, onServer, urgencies } from './contender.ts';

/** A queue and a worker with a limiter, in each process, as its guide says. */
export const bullmq: Contender = {
  id: 'bullmq',
  name: 'bullmq',
  as: 'queue on Redis, Worker with limiter {max N, duration W}',
  ...onServer('redis'),
  async connect({ url }, call) {
    const connection = new Redis(url, { maxRetriesPerRequest: null }).on('error', () => undefined);
    const queues = new Map<string, Queue>();
    const workers: Worker[] = [];
    return {
      async limit(limits) {
        for (const { key, calls, windowMs, concurrency } of limits) {
          const queue = new Queue<Job>(key, { connection });
          const limiter = calls === Infinity ? {} : { limiter: { max: calls, duration: windowMs } };
          const worker = new Worker<Job>(key, ({ data }) => call(data), {
            connection,
            concurrency,
            ...limiter,
          });
          queue.on('error', () => undefined);
          worker.on('error', () => undefined);
          queues.set(key, queue);
          workers.push(worker);
          await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
        }
      },
      async submit(jobs) {
        for (const [key, same] of Map.groupBy(jobs, (job) => job.key)) {
          const bulk = same.map((job) => ({
            name: 'call',
            data: job,
            opts: { priority: 1 + urgencies.indexOf(job.urgency), removeOnComplete: true },
          }));
          await queues.get(key)?.addBulk(bulk);
        }
      },
      async close() {
        await Promise.all(workers.map((worker) => worker.close(true)));
        connection.disconnect();
      },
    };
  },
};

/** Its pace is that of one worker which fetches N jobs every W; a worker in each process would be that many times N. */
const pacing = ({ calls, windowMs }: Limit) => ({
  batchSize: calls,
  pollingIntervalSeconds: windowMs / 1000,
});

/** As fast as it can: woken by notifications, and fetching on as long as batches come back full. */
const flooding = ({ concurrency }: Limit) => ({
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
    boss.on('error', () => undefined);
    await boss.start();
    return {
      async limit(limits) {
        for (const limit of limits) {
          const paced = limit.calls !== Infinity;
          await boss.createQueue(limit.key, { notify: !paced });
          if (paced && index > 0) continue;
          await boss.work<Job>(limit.key, paced ? pacing(limit) : flooding(limit), async (batch) => {
            await Promise.all(batch.map(({ data }) => call(data)));
          });
        }
      },
      async submit(jobs) {
        for (const [key, same] of Map.groupBy(jobs, (job) => job.key)) {
          await boss.insert(
            key,
            same.map((job) => ({ data: job, priority: urgencies.length - urgencies.indexOf(job.urgency) })),
          );
        }
      },
      async close() {
        await boss.stop({ graceful: false });
      },
    };
  },
};

const logger = new Logger(() => () => undefined);

/** It has no limit of calls per time (its `forbiddenFlags` are for a limiter that somebody else brings). */
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
    const runners: Runner[] = [];
    return {
      async limit(limits) {
        for (const { key, concurrency } of limits) {
          // Its guide for throughput: jobs are fetched and completed many at a time.
          const flood = { localQueue: { size: 4 * concurrency }, completeJobBatchDelay: 0 };
          runners.push(
            await run({
              connectionString: url,
              logger,
              noHandleSignals: true,
              concurrency,
              maxPoolSize: 10,
              taskList: { [key]: (payload) => call(payload as Job) },
              ...(concurrency > 1 ? { preset: { worker: flood } } : {}),
            }),
          );
        }
      },
      async submit(jobs) {
        await utils.addJobs(
          jobs.map((job) => ({
            identifier: job.key,
            payload: job,
            priority: urgencies.indexOf(job.urgency),
          })),
        );
      },
      async close() {
        await Promise.all(runners.map((runner) => runner.stop().catch(() => undefined)));
        await utils.release();
      },
    };
  },
};
