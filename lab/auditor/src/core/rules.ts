import { type Budget, budgetNames, limitsOf, type Tier } from '@paceline/shared/definition';
import { callTimeout } from '@paceline/shared/config';
import { createVirtualClock } from '@paceline/shared/clock';
import { type Policy } from '@paceline/shared/contracts';

/** What is known beside the journal. */
export interface Rules {
  /** The policies that are kept until upstream or an operator says otherwise. */
  readonly documented: Readonly<Record<Budget, Policy>>;
  /** A call may be under way for as long, project ms. */
  readonly callTimeout: Readonly<Record<Budget, number>>;
}

/** The time-outs are those of real time: on a faster clock calls are given longer, never shorter. */
export const rulesOf = (tier: Tier): Rules => ({
  documented: limitsOf(tier),
  callTimeout: Object.fromEntries(
    budgetNames.map((budget) => [budget, callTimeout(budget, createVirtualClock())]),
  ) as Record<Budget, number>,
});
