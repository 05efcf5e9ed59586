import { type Arrival, type Enforcement, judge, type Policy } from '@paceline/sandbox';
import { gcraRejects } from './gcra.ts';

/** How an upstream may count: the sandbox's ways, and the bucket of many gateways. */
export type Way = Enforcement | 'gcra';

/** What each way of counting says of one record of arrivals. */
export interface Verdict {
  readonly calls: number;
  /** Calls that it would have rejected. */
  readonly rejected: Readonly<Record<Way, number>>;
  /** The most arrivals in any interval of one window's length. */
  readonly fullestWindow: number;
}

/**
 * Judges what arrived after the run, by every way at once. Nothing that we compare changes its pace because of a
 * rejection, so the arrivals would have been the same under each of them.
 * @param arrivals ms, in any order
 */
export function verdictOf(arrivals: readonly number[], policy: Policy): Verdict {
  const inOrder = arrivals.toSorted((a, b) => a - b);
  const [judgement] = judge(inOrder.map((arrivedAt, seq) => asSeen(arrivedAt, seq, policy)));
  const none = { 'first-hit': 0, sliding: 0, 'sliding-counting-rejects': 0, 'clock-aligned': 0 };
  return {
    calls: arrivals.length,
    rejected: { ...(judgement?.wouldReject ?? none), gcra: gcraRejects(policy, inOrder) },
    fullestWindow: judgement?.fullestWindow ?? 0,
  };
}

const asSeen = (arrivedAt: number, seq: number, policy: Policy): Arrival => ({
  seq,
  arrivedAt,
  policy,
  key: 'bench',
  budget: 'riders_single',
  method: 'GET',
  path: '/',
  verdict: 'accepted',
});
