import { mean } from '@paceline/kit/statistics';
import { type Arrival, type Enforcement, judge } from '@paceline/sandbox';
import type { Policy } from '@paceline/shared/contracts';

/** The network between a caller and upstream. */
export interface CallLatency {
  /** Latency up to this many ms, uniformly distributed. */
  readonly jitterMs: number;
  /** The share of calls (0…1) that take ten times the jitter. */
  readonly outliers: number;
}

export const noJitter: CallLatency = { jitterMs: 0, outliers: 0 };

/** Latency of one call, ms. @param chance returns random numbers in [0, 1) */
export function delayOf({ jitterMs, outliers }: CallLatency, chance: () => number): number {
  return chance() < outliers ? 10 * jitterMs : chance() * jitterMs;
}

/** How an upstream can count: the sandbox's ways, and the token bucket of many gateways. */
export type Way = Enforcement | 'gcra';

/** Checks arrivals (ms, any order) by every way of counting; rejections don't affect the contenders' pace. */
export function verdictOf(arrivals: readonly number[], policy: Policy) {
  const inOrder = arrivals.toSorted((a, b) => a - b);
  const [judgement] = judge(inOrder.map((arrivedAt, seq) => arrivalAt(arrivedAt, seq, policy)));
  const none = { 'first-hit': 0, sliding: 0, 'sliding-counting-rejects': 0, 'clock-aligned': 0 };
  return {
    calls: arrivals.length,
    /** Calls that each way of counting would have rejected. */
    rejected: { ...(judgement?.wouldReject ?? none), gcra: gcraRejects(policy, inOrder) } as Record<
      Way,
      number
    >,
    /** The most arrivals in any interval of one window's length. */
    fullestWindow: judgement?.fullestWindow ?? 0,
  };
}

const arrivalAt = (arrivedAt: number, seq: number, policy: Policy): Arrival => ({
  seq,
  arrivedAt,
  policy,
  key: 'bench',
  budget: 'riders_single',
  method: 'GET',
  path: '/',
  verdict: 'accepted',
});

/** Number of arrivals (ms, in order) that GCRA with a burst of N rejects; rejected ones are not counted. */
export function gcraRejects({ limit, windowMs }: Policy, arrivals: readonly number[]): number {
  const interval = windowMs / limit;
  let theoretical = Number.NEGATIVE_INFINITY;
  return arrivals.filter((now) => {
    const next = Math.max(theoretical, now) + interval;
    if (next - now > windowMs) return true;
    theoretical = next;
    return false;
  }).length;
}

/** Used share of a limit: W over the mean time from each arrival to the N-th after it; NaN with too few. */
export function utilisation(arrivals: readonly number[], { limit, windowMs }: Policy): number {
  const inOrder = arrivals.toSorted((a, b) => a - b);
  return windowMs / mean(inOrder.slice(limit).map((at, index) => at - (inOrder[index] ?? 0)));
}
