import pThrottle from 'p-throttle';
import { type Call, type Contender, longerWindows } from './contender.ts';

const unlimited = 1e9;

/** With the strict algorithm: the other one lets two windows' calls through around a border. */
export const pThrottled: Contender = {
  id: 'p-throttle',
  name: 'p-throttle',
  as: 'one process: limit N, interval W, strict',
  home: 'memory',
  shared: false,
  countsIn: 'process',
  limits: true,
  margins: longerWindows,
  floodKeys: 1,
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
