import type { Policy } from '@paceline/shared/contracts';
import type { Upstream } from '@paceline/shared/upstreams';
import type { Arrival } from '../audit.ts';
import { sharesWindow } from './counters.ts';

/** A request that arrived, with the policies that it counts under. */
export type WindowedArrival = Omit<Arrival, 'budget' | 'policy' | 'fault'> & {
  readonly endpoint: string | null;
  readonly policies: Readonly<Record<string, Policy>>;
};

/** The calls of a key in a budget. */
export interface WindowJudgement {
  readonly key: string;
  readonly budget: string;
  /** At the last call. */
  readonly policy: Policy;
  readonly calls: number;
  readonly rejected: number;
  /** The most calls in one window. */
  readonly fullestWindow: number;
}

/** Whether no call was rejected and no window held more than its limit. */
export const keepsLimit = ({ rejected, fullestWindow, policy }: WindowJudgement): boolean =>
  rejected === 0 && fullestWindow <= policy.limit;

export function judge(arrivals: readonly WindowedArrival[], { budgets }: Upstream): WindowJudgement[] {
  return Object.entries(budgets).flatMap(([budget, definition]) => {
    const calls = arrivals.filter(({ policies }) => budget in policies);
    return [...Map.groupBy(calls, ({ key }) => key)].map(([key, its]) => {
      const inOrder = its.toSorted((a, b) => a.arrivedAt - b.arrivedAt || a.seq - b.seq);
      let [first, fullestWindow] = [0, 0];
      for (const [index, { arrivedAt, policies }] of inOrder.entries()) {
        const shares = (earlier = Infinity) => sharesWindow(definition, earlier, arrivedAt, policies[budget]);
        while (!shares(inOrder[first]?.arrivedAt)) first += 1;
        fullestWindow = Math.max(fullestWindow, index - first + 1);
      }
      return {
        key,
        budget,
        policy: inOrder.at(-1)?.policies[budget] as Policy,
        calls: inOrder.length,
        rejected: inOrder.filter(({ verdict }) => verdict === 'rejected').length,
        fullestWindow,
      };
    });
  });
}
