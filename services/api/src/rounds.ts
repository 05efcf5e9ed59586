import type { Machine } from '@paceline/shared/clock';

/** Does `round` at once, and again `pauseMs` of the machine after it is over. @param round must not throw */
export function rounds(machine: Machine, round: () => Promise<void>, pauseMs: () => number) {
  let callOff = () => {};
  let stopped = false;
  let again = false;
  let inHand: Promise<void> | undefined;
  const now = (): void => {
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
    async stop(): Promise<void> {
      stopped = true;
      callOff();
      await inHand;
    },
  };
}
