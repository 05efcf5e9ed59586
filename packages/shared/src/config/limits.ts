import type { Clock } from '../clock/index.ts';
import type { Budget, Policy } from '../contracts/index.ts';

export type Tier = 'standard' | 'premium';

const minutes = (count: number) => count * 60_000;
const per = (limit: number, windowMs: number): Policy => ({ limit, windowMs });

/**
 * What the vendor documents for each tier (`events` and `signups`: undocumented, a careful guess).
 * It is where a budget begins; what upstream itself says of its limits corrects it.
 */
export const documentedPolicies: Record<Tier, Record<Budget, Policy>> = {
  standard: {
    clubs: per(1, minutes(60)),
    riders_bulk: per(1, minutes(15)),
    riders_single: per(5, minutes(1)),
    results: per(1, minutes(1)),
    events: per(1, minutes(1)),
    signups: per(1, minutes(1)),
  },
  premium: {
    clubs: per(10, minutes(60)),
    riders_bulk: per(10, minutes(15)),
    riders_single: per(10, minutes(1)),
    results: per(1, minutes(1)),
    events: per(1, minutes(1)),
    signups: per(1, minutes(1)),
  },
};

/** Upstream is slow: a full club page takes over a minute to its first byte, a bulk of riders nearly as long. */
const slowEndpoints: ReadonlySet<Budget> = new Set(['clubs', 'riders_bulk']);

/**
 * How long a call may take before it is given up, in project ms. Giving up early loses the answer and, on the
 * scarcest budgets, the hour's only call; on a faster clock the machine still gets ten real seconds.
 */
export const callTimeout = (endpoint: Budget, clock: Clock): number =>
  Math.max(slowEndpoints.has(endpoint) ? 180_000 : 30_000, Math.ceil(clock.fromMachine(10_000)));

/** How long a call takes as far as nothing better is known, project ms. */
export const usualCall: Readonly<Record<Budget, number>> = {
  clubs: 60_000,
  riders_bulk: 50_000,
  riders_single: 2_000,
  results: 2_000,
  events: 2_000,
  signups: 2_000,
};

/** A call counts for this much longer than its window, project ms: upstream's clock may differ from ours. */
export const windowMargin = 1_000;
