import PQueue from 'p-queue';
import pThrottle from 'p-throttle';
import { type Call, type Contender, inProcess, urgencies } from './contender.ts';

/** With the sliding window that its README advises for an API of strict limits. */
export const pQueue: Contender = {
  id: 'p-queue',
  name: 'p-queue',
  as: 'one process: intervalCap N, interval W, strict',
  ...inProcess,
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

const unlimited = 1e9;

/** With the strict algorithm: the other one lets two windows' calls through around a border. */
export const pThrottled: Contender = {
  id: 'p-throttle',
  name: 'p-throttle',
  as: 'one process: limit N, interval W, strict',
  ...inProcess,
  async connect(_, call) {
    const throttled = new Map<string, Call>();
    const aborting = new AbortController();
    return {
      async limit(limits) {
        for (const { key, calls, windowMs } of limits) {
          const throttle = pThrottle({
            limit: Math.min(calls, unlimited),
            interval: windowMs,
            strict: calls !== Infinity,
            signal: aborting.signal,
          });
          throttled.set(key, throttle(call));
        }
      },
      async submit(jobs) {
        for (const job of jobs)
          void throttled
            .get(job.key)?.(job)
            .catch(() => undefined);
      },
      async close() {
        aborting.abort();
      },
    };
  },
};
