import type { Machine } from '@paceline/shared/clock';
import type { WindowView } from '@paceline/shared/contracts';
import type { Budgets } from './budgets.ts';

/** The account's windows as they are now; undefined when the limiter does not answer in time. */
export type CurrentWindows = () => Promise<readonly WindowView[] | undefined>;

/** Ms of the machine; windows are given beside an answer, and no answer waits longer for them. */
const longestWaitMs = 1_000;
/** Real ms after which an unanswered request is abandoned, and the next one asks again. */
const patienceMs = 5_000;

/** Asks the limiter. Requests that come while a question is under way share it. */
export function currentWindows(budgets: Budgets, machine: Machine): CurrentWindows {
  let asked: Promise<readonly WindowView[] | undefined> | undefined;
  const ask = () =>
    budgets
      .windows({ waiting: 0, timeoutMs: patienceMs })
      .then(
        ({ windows }) => windows,
        () => undefined,
      )
      .finally(() => (asked = undefined));
  return () =>
    new Promise((resolve) => {
      const callOff = machine.after(longestWaitMs, () => resolve(undefined));
      asked ??= ask();
      void asked.then((windows) => {
        callOff();
        resolve(windows);
      });
    });
}
