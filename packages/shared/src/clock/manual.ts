import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, type ClockSetting, createClock, type Machine, realTime } from './clock.ts';

/** A machine whose time is moved by a test or simulation. */
export interface ManualMachine extends Machine {
  /** Time of the next timer; undefined: none is set. */
  next(): number | undefined;
  /** Moves time to `time`, or to the next timer if earlier, and calls the timers due then. */
  moveTo(time: number): void;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

export function manualMachine(start = 0): ManualMachine {
  let now = start;
  const timers = new Set<Timer>();
  /** The real time of each move. */
  const moves = [{ wallMs: -Infinity, now }];

  const earliest = () => {
    let first: Timer | undefined;
    for (const timer of timers) if (!first || timer.at < first.at) first = timer;
    return first;
  };
  return {
    now: () => now,
    elapsed: () => now - start,
    after(ms, run) {
      const timer = { at: now + Math.max(0, Math.ceil(ms)), run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    at: (wallMs) => moves.findLast((move) => move.wallMs <= wallMs)?.now ?? start,
    next: () => earliest()?.at,
    moveTo(time) {
      now = Math.max(now, Math.min(time, earliest()?.at ?? time));
      if (moves.at(-1)?.now !== now) moves.push({ wallMs: Date.now(), now });
      const due = [...timers].filter(({ at }) => at <= now);
      for (const timer of due.toSorted((a, b) => a.at - b.at)) if (timers.delete(timer)) timer.run();
    },
  };
}

export interface VirtualClock extends Clock {
  /** Advances time by `ms`, ending sleeps in order. */
  advance(ms: number): Promise<void>;
}

/** A clock that only moves when advanced, for code without I/O. */
export function createVirtualClock(start = 0, setting: ClockSetting = realTime): VirtualClock {
  const machine = manualMachine(start);
  const clock = createClock(setting, machine);
  return {
    ...clock,
    async advance(ms) {
      const until = machine.now() + clock.toRealMs(ms);
      while (machine.now() < until) {
        machine.moveTo(until);
        // Code after a sleep can sleep again before `until`, so it must run first.
        await nextTurn();
      }
    },
  };
}
