import PQueue from 'p-queue';
import { type Contender, longerWindows, urgencies } from './contender.ts';

/** With the sliding window that its README advises for an API of strict limits. */
export const pQueue: Contender = {
  id: 'p-queue',
  name: 'p-queue',
  as: 'one process: intervalCap N, interval W, strict',
  home: 'memory',
  shared: false,
  countsIn: 'process',
  limits: true,
  margins: longerWindows,
  floodKeys: 1,
  async connect(_, call) {
    const queues = new Map<string, PQueue>();
    return {
      async limit(limits) {
        for (const { key, calls, windowMs, concurrency } of limits) {
          const limited = { intervalCap: calls, interval: windowMs, strict: true };
          queues.set(key, new PQueue(calls === Infinity ? { concurrency } : limited));
        }
      },
      async submit(jobs) {
        for (const job of jobs) {
          const priority = urgencies.length - urgencies.indexOf(job.urgency);
          void queues.get(job.key)?.add(() => call(job), { priority });
        }
      },
      async close() {
        for (const queue of queues.values()) queue.clear();
      },
    };
  },
};
