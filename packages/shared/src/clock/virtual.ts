import type { Clock } from './clock.ts';

export interface VirtualClock extends Clock {
  /** Moves time forward by `ms`, waking every sleeper in the order of its moment. */
  advance(ms: number): Promise<void>;
}

interface Sleeper {
  at: number;
  wake: () => void;
}

/** A clock that stands still until it is told to move: tests and simulation decide what time it is. */
export function createVirtualClock(start = 0): VirtualClock {
  let now = start;
  let sleepers: Sleeper[] = [];
  return {
    scale: 1,
    now: () => now,
    at: (realMs) => realMs,
    fromMachine: (realMs) => realMs,
    toMachine: (ms) => ms,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        const sleeper: Sleeper = { at: now + ms, wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers = sleepers.filter((each) => each !== sleeper);
          reject(signal.reason);
        });
      });
    },
    async advance(ms) {
      const until = now + ms;
      for (;;) {
        const next = sleepers.toSorted((a, b) => a.at - b.at)[0];
        if (!next || next.at > until) break;
        now = Math.max(now, next.at);
        sleepers = sleepers.filter((each) => each !== next);
        next.wake();
        // What the sleeper does next may sleep again before `until`: let it run first.
        await new Promise((resolve) => setImmediate(resolve));
      }
      now = until;
    },
  };
}
