import type { Machine } from '@paceline/shared/clock';

/** Runs `task` immediately, and again `pauseMs` (machine ms) after each end. @param task must not throw */
export function repeat(machine: Machine, task: () => Promise<void>, pauseMs: () => number) {
  let cancelTimer = () => {};
  let stopped = false;
  let runAgain = false;
  let running: Promise<void> | undefined;
  const runNow = (): void => {
    if (stopped) return;
    runAgain = running !== undefined;
    if (runAgain) return;
    cancelTimer();
    running = task().then(() => {
      running = undefined;
      if (runAgain) runNow();
      else if (!stopped) cancelTimer = machine.after(pauseMs(), runNow);
    });
  };
  runNow();
  return {
    /** Runs the task now, or once more when it is already running. */
    runNow,
    async stop(): Promise<void> {
      stopped = true;
      cancelTimer();
      await running;
    },
  };
}
