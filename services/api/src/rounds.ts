import type { Machine } from '@paceline/shared/clock';

/** Work that is done again and again. */
export interface Rounds {
  /** Returns when the round in hand is over; no other begins. */
  stop(): Promise<void>;
}

/** Does `round` at once, and again `pauseMs` of the machine after it is over. @param round must not throw */
export function rounds(machine: Machine, round: () => Promise<void>, pauseMs: number): Rounds {
  let callOff = () => {};
  let stopped = false;
  let inHand: Promise<void>;
  const next = () => {
    inHand = round().then(() => {
      if (!stopped) callOff = machine.after(pauseMs, next);
    });
  };
  next();
  return {
    async stop() {
      stopped = true;
      callOff();
      await inHand;
    },
  };
}
