import PQueue from 'p-queue';
import pThrottle from 'p-throttle';
import { type Contender, ignore, inProcess, perLimit, unlimited, urgencies } from './contender.ts';

/** With the sliding window that its README recommends for APIs with strict limits. */
export const pQueue: Contender = {
  id: 'p-queue',
  name: 'p-queue',
  as: 'one process: intervalCap N, interval W, strict',
  ...inProcess,
  connect: async (_, call) =>
    perLimit(
      ({ calls, windowMs, concurrency }) => {
        const limited = { intervalCap: calls, interval: windowMs, strict: true };
        return new PQueue(calls === Infinity ? { concurrency } : limited);
      },
      (queue, jobs) => {
        for (const job of jobs) {
          const priority = urgencies.length - urgencies.indexOf(job.urgency);
          void queue.add(() => call(job), { priority });
        }
      },
      (queues) => queues.forEach((queue) => queue.clear()),
    ),
};

/** With the strict algorithm; the other one allows two windows' calls around a boundary. */
export const pThrottled: Contender = {
  id: 'p-throttle',
  name: 'p-throttle',
  as: 'one process: limit N, interval W, strict',
  ...inProcess,
  async connect(_, call) {
    const aborting = new AbortController();
    return perLimit(
      ({ calls, windowMs }) =>
        pThrottle({
          limit: Math.min(calls, unlimited),
          interval: windowMs,
          strict: calls !== Infinity,
          signal: aborting.signal,
        })(call),
      (throttled, jobs) => {
        for (const job of jobs) void throttled(job).catch(ignore);
      },
      () => aborting.abort(),
    );
  },
};
