import { PgBoss } from 'pg-boss';
import { type Contender, type Job, type Limit, longerWindows, urgencies } from './contender.ts';

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
  home: 'postgres',
  shared: true,
  countsIn: 'process',
  limits: true,
  margins: longerWindows,
  floodKeys: 1,
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
