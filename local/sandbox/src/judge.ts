import type { Policy } from '@paceline/shared/contracts';
import type { BudgetName } from '@paceline/shared/definition';
import type { Arrival } from './audit.ts';
import { createCounter, type Enforcement, enforcements, type PolicyOverrides } from './limiter.ts';

export interface Judgement {
  readonly key: string;
  readonly budget: BudgetName;
  readonly policy: Policy;
  readonly calls: number;
  readonly rejected: number;
  /** The most arrivals in any half-open interval of one window's length. */
  readonly fullestWindow: number;
  /** The number of these calls that each enforcement would have rejected. */
  readonly wouldReject: Readonly<Record<Enforcement, number>>;
}

type Counted = Arrival & { readonly budget: BudgetName; readonly policy: Policy };

const isCounted = (arrival: Arrival): arrival is Counted =>
  arrival.verdict === 'accepted' || arrival.verdict === 'rejected';

/** Counts a run's rejections under every enforcement, ignoring resets of the counts. `policies` override recorded ones. */
export function judge(arrivals: readonly Arrival[], policies: PolicyOverrides = {}): Judgement[] {
  const counted = arrivals
    .filter(isCounted)
    .map((arrival) => ({ ...arrival, policy: policies[arrival.budget] ?? arrival.policy }))
    .toSorted((a, b) => a.arrivedAt - b.arrivedAt || a.seq - b.seq);
  const groups = Map.groupBy(counted, ({ key, budget }) => `${budget} ${key}`);
  return [...groups.values()].map(judgeGroup);
}

function judgeGroup(calls: readonly Counted[]): Judgement {
  const last = calls.at(-1) as Counted;
  return {
    key: last.key,
    budget: last.budget,
    policy: last.policy,
    calls: calls.length,
    rejected: calls.filter(({ verdict }) => verdict === 'rejected').length,
    fullestWindow: fullestWindow(calls),
    wouldReject: Object.fromEntries(
      enforcements.map((enforcement) => [enforcement, rejectsUnder(enforcement, calls)]),
    ) as Record<Enforcement, number>,
  };
}

function rejectsUnder(enforcement: Enforcement, calls: readonly Counted[]): number {
  const counter = createCounter(enforcement);
  return calls.filter(({ policy, arrivedAt }) => !counter(policy, arrivedAt).accepted).length;
}

/** Checks only intervals that end with an arrival: any other can be moved to one without losing a call. */
function fullestWindow(calls: readonly Counted[]): number {
  return calls.reduce((fullest, { policy, arrivedAt }, index) => {
    let first = index;
    while ((calls[first - 1]?.arrivedAt ?? Number.NEGATIVE_INFINITY) > arrivedAt - policy.windowMs)
      first -= 1;
    return Math.max(fullest, index - first + 1);
  }, 0);
}
