import type { Machine } from './machine.ts';

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
