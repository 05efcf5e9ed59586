import { type Clock, type ClockSetting, createClock, realTime } from './clock.ts';
import { manualMachine } from './manual.ts';

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
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}
