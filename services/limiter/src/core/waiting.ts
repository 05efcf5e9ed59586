import { type Budget, budgetNames, type Lane, laneNames } from '@paceline/shared/definition';
import { type Ledger, peekBudget } from './ledger.ts';
import type { Settings } from './settings.ts';

/** Who waits for an account's budgets. */
export interface Waiting {
  /** How many wait in each lane. */
  readonly lanes: Readonly<Record<Lane, number>>;
  /** How long the one that has waited longest for each budget has waited, project ms; 0: nobody waits. */
  readonly longest: Readonly<Record<Budget, number>>;
}

/** Goes through all who wait: for whoever looks now and then. */
export function waiting(ledger: Ledger, account: string, now: number, settings: Settings): Waiting {
  const counts = Object.fromEntries(laneNames.map((lane) => [lane, 0])) as Record<Lane, number>;
  const longest = budgetNames.map((endpoint) => {
    const { queue } = peekBudget(ledger, account, endpoint, settings);
    for (const { ask } of queue.byTicket.values()) counts[ask.lane] += 1;
    return [endpoint, Math.max(0, now - Math.min(queue.forced.least, queue.common.least))] as const;
  });
  return { lanes: counts, longest: Object.fromEntries(longest) as Record<Budget, number> };
}
