import { Logger, makeWorkerUtils, run, type Runner } from 'graphile-worker';
import { type Contender, type Job, urgencies } from './contender.ts';

const logger = new Logger(() => () => undefined);

/** It has no limit of calls per time (its `forbiddenFlags` are for a limiter that somebody else brings). */
export const graphileWorker: Contender = {
  id: 'graphile-worker',
  name: 'graphile-worker',
  as: 'queue on Postgres, a runner in each process',
  home: 'postgres',
  shared: true,
  countsIn: 'server',
  limits: false,
  margins: [],
  floodKeys: 1,
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
