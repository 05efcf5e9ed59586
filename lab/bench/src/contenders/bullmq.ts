import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { type Contender, type Job, longerWindows, urgencies } from './contender.ts';

/** A queue and a worker with a limiter, in each process, as its guide says. */
export const bullmq: Contender = {
  id: 'bullmq',
  name: 'bullmq',
  as: 'queue on Redis, Worker with limiter {max N, duration W}',
  home: 'redis',
  shared: true,
  countsIn: 'server',
  limits: true,
  margins: longerWindows,
  floodKeys: 1,
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
