import { setImmediate as turn } from 'node:timers/promises';
import { type Clock, type ClockSetting, createClock, type Machine, realTime } from './clock.ts';

/** A machine whose time stands still until it is moved: tests and simulations decide what time it is. */
export interface ManualMachine extends Machine {
  /** When the next timer is due; undefined: none is set. */
  next(): number | undefined;
  /** Moves time to `moment`, at most as far as the next timer, and calls the timers that are due there. */
  moveTo(moment: number): void;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

export function manualMachine(start = 0): ManualMachine {
  let now = start;
  const timers = new Set<Timer>();
  /** When, on the wall, time was moved to where. */
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
    moveTo(moment) {
      now = Math.max(now, Math.min(moment, earliest()?.at ?? moment));
      if (moves.at(-1)?.now !== now) moves.push({ wallMs: Date.now(), now });
      const due = [...timers].filter(({ at }) => at <= now);
      for (const timer of due.toSorted((a, b) => a.at - b.at)) if (timers.delete(timer)) timer.run();
    },
  };
}

export interface VirtualClock extends Clock {
  /** Moves time forward by `ms`, waking every sleeper in the order of its moment. */
  advance(ms: number): Promise<void>;
}

/** A clock that stands still until it is moved, for what does no I/O. */
export function createVirtualClock(start = 0, setting: ClockSetting = realTime): VirtualClock {
  const machine = manualMachine(start);
  const clock = createClock(setting, machine);
  return {
    ...clock,
    async advance(ms) {
      const until = machine.now() + clock.toMachine(ms);
      while (machine.now() < until) {
        machine.moveTo(until);
        // What a sleeper does next may sleep again before `until`: let it run first.
        await turn();
      }
    },
  };
}
