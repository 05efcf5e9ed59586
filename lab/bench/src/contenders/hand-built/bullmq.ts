import { Queue, QueueEvents, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { concurrency, type HandBuilt } from './queue.ts';
import { type AddCommand, openStore } from './store.ts';

const name = 'add-rider';
const connectTo = (url: string) => new Redis(url, { maxRetriesPerRequest: null });

/** Its guide: a queue, a worker with a limiter, and queue events to wait for a job. */
export const bullmq: HandBuilt = {
  id: 'bullmq',
  name: 'bullmq',
  as: 'Hono, bullmq with limiter {max N, duration W} on Redis (appendfsync always), pg',
  broker: 'redis',
  async migrate() {},
  async openServer({ databaseUrl, brokerUrl }) {
    const store = openStore(databaseUrl);
    const queue = new Queue<AddCommand>(name, { connection: connectTo(brokerUrl) });
    const events = new QueueEvents(name, { connection: connectTo(brokerUrl) });
    await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
    return {
      store,
      async submit(command, waitMs) {
        // Two stores, so a crash between the two leaves a command without a job.
        await store.insert(command);
        const job = await queue.add(name, command, {
          jobId: command.commandId,
          attempts: 3,
          removeOnComplete: { count: 1_000 },
        });
        if (waitMs === undefined) return false;
        return job.waitUntilFinished(events, waitMs).then(
          () => true,
          () => false,
        );
      },
    };
  },
  async openWorker({ databaseUrl, brokerUrl, limit }, run) {
    const store = openStore(databaseUrl);
    const worker = new Worker<AddCommand>(name, ({ data }) => run(store, data), {
      connection: connectTo(brokerUrl),
      concurrency,
      limiter: { max: limit.calls, duration: limit.windowMs },
    });
    await worker.waitUntilReady();
  },
};
