import type { WindowView } from '@paceline/shared/contracts';
import type { Budgets } from './budgets.ts';

/** The account's windows as they are now; undefined when the limiter does not answer in time. */
export type CurrentWindows = () => Promise<readonly WindowView[] | undefined>;

/**
 * Asks the limiter for what is said beside an answer. Requests that come while a question is under way share it.
 * @param patienceMs real ms to wait for the limiter
 */
export function currentWindows(budgets: Budgets, patienceMs: number): CurrentWindows {
  let asked: Promise<readonly WindowView[] | undefined> | undefined;
  return () =>
    (asked ??= budgets
      .windows({ waiting: 0, timeoutMs: patienceMs })
      .then(
        ({ windows }) => windows,
        () => undefined,
      )
      .finally(() => (asked = undefined)));
}
