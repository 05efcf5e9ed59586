import type { Machine } from '@paceline/shared/clock';

export interface Rounds {
  now(): void;
  stop(): Promise<void>;
}

/** Does `round` at once, and again `pauseMs` of the machine after it is over. @param round must not throw */
export function rounds(machine: Machine, round: () => Promise<void>, pauseMs: () => number): Rounds {
  let callOff = () => {};
  let stopped = false;
  let again = false;
  let inHand: Promise<void> | undefined;
  const now = () => {
    if (stopped) return;
    again = inHand !== undefined;
    if (again) return;
    callOff();
    inHand = round().then(() => {
      inHand = undefined;
      if (again) now();
      else if (!stopped) callOff = machine.after(pauseMs(), now);
    });
  };
  now();
  return {
    now,
    async stop() {
      stopped = true;
      callOff();
      await inHand;
    },
  };
}
