import type { Machine } from '@paceline/shared/clock';

/** Runs `task` immediately, and again `pauseMs` (machine ms) after each end. @param task must not throw */
export function repeat(machine: Machine, task: () => Promise<void>, pauseMs: () => number) {
  let cancelTimer = () => {};
  let stopped = false;
  let runAgain = false;
  let running: Promise<void> | undefined;
  let due = 0;
  const runIn = (ms: number): void => {
    cancelTimer();
    due = machine.elapsed() + ms;
    cancelTimer = machine.after(ms, runNow);
  };
  const runNow = (): void => {
    if (stopped) return;
    runAgain = running !== undefined;
    if (runAgain) return;
    cancelTimer();
    running = task().then(() => {
      running = undefined;
      if (runAgain) runNow();
      else if (!stopped) runIn(pauseMs());
    });
  };
  runNow();
  return {
    /** Runs the task now, or once more when it is already running. */
    runNow,
    /** Shortens the pause to `ms`, if it would last longer. */
    runWithin(ms: number): void {
      if (!stopped && !running && due - machine.elapsed() > ms) runIn(ms);
    },
    async stop(): Promise<void> {
      stopped = true;
      cancelTimer();
      await running;
    },
  };
}

/** Machine ms between two runs: while there is work, and to find work that another process left. */
const pauses = { busy: 1_000, idle: 30_000 };

/**
 * Repeats `task` often while it finds work or there is news of some, which it may find up to `graceMs` (machine ms) later, and
 * rarely otherwise. @param task returns whether there is work; must not throw
 */
export function repeatWhileBusy(machine: Machine, task: () => Promise<boolean>, graceMs: number) {
  let hasWork = false;
  let newsAt = -Infinity;
  const isBusy = () => hasWork || machine.elapsed() - newsAt < graceMs + pauses.busy;
  const repeated = repeat(
    machine,
    async () => {
      hasWork = await task();
    },
    () => (isBusy() ? pauses.busy : pauses.idle),
  );
  return {
    /** There is new work. */
    onWork(): void {
      newsAt = machine.elapsed();
      repeated.runWithin(pauses.busy);
    },
    stop: repeated.stop,
  };
}
