import { createVirtualClock } from '@paceline/shared/clock';
import { type Policy, upstreamOf } from '@paceline/shared/contracts';
import { mapValues, type Tier } from '@paceline/shared/definition';
import { callTimeout, type Upstream } from '@paceline/shared/upstreams';

/** How one budget counts. */
export interface BudgetRules {
  /** The policy in force until upstream or an operator changes it. */
  readonly documented: Policy;
  /** `aligned`: upstream counts in spans that start at the multiples of the window since the epoch, UTC. */
  readonly resets: 'sliding' | 'aligned';
  /** Calls of unforced lanes stay within the share of the window that has passed, less the reserve. */
  readonly paced: boolean;
  readonly reserve: number;
}

/** A group of calls, each of which counts in all of these budgets. */
export interface EndpointRules {
  readonly budgets: readonly string[];
  /** Longest duration of a call, project ms. */
  readonly callTimeout: number;
}

export interface UpstreamRules {
  readonly budgets: Readonly<Record<string, BudgetRules>>;
  readonly endpoints: Readonly<Record<string, EndpointRules>>;
  readonly forcedLanes: ReadonlySet<string>;
}

/** Configuration that the journal does not contain. Durations are project ms. */
export interface Rules {
  readonly upstreams: Readonly<Record<string, UpstreamRules>>;
  /** An estimate is kept when the call starts at most this much later. */
  readonly estimateTolerance: number;
  /** How long a granted permit is held until its call starts. */
  readonly startWithin: number;
}

/** Real ms. */
const startWithinMs = 2_000;

/**
 * The rules of the upstreams' files. Timeouts are those of the real-time clock: a faster one only allows longer ones.
 * @param scale project ms per real ms
 */
export const rulesOf = (
  upstreams: Readonly<Record<string, Upstream>>,
  tierOf: (upstream: Upstream) => Tier,
  scale = 1,
): Rules => ({
  upstreams: mapValues(upstreams, (upstream) => upstreamRulesOf(upstream, tierOf(upstream))),
  estimateTolerance: 1_000 + 500 * scale,
  startWithin: startWithinMs * scale,
});

const upstreamRulesOf = ({ budgets, endpoints, lanes }: Upstream, tier: Tier): UpstreamRules => ({
  budgets: mapValues(budgets, ({ limits, resets, paced, reserve }) => ({
    documented: limits[tier],
    resets,
    paced,
    reserve,
  })),
  endpoints: mapValues(endpoints, (endpoint) => ({
    budgets: endpoint.budgets,
    callTimeout: callTimeout(endpoint, createVirtualClock()),
  })),
  forcedLanes: new Set(Object.keys(lanes).filter((lane) => lanes[lane]?.forced)),
});

/** Upstream's clock may differ from the ledger's by this much, project ms: it decides in which aligned span a call counts. */
export const clockMargin = 1_000;

/**
 * A call counts at `at` if it may arrive later than this. In a sliding window that is one window before. An aligned one
 * starts at the last boundary that upstream has surely passed, and a call just before it may have arrived after it.
 */
export function countedAfter({ resets }: BudgetRules, { windowMs }: Policy, at: number): number {
  return resets === 'aligned' ? alignedStart(at - clockMargin, windowMs) - clockMargin : at - windowMs;
}

/** When a call that may arrive by then no longer counts. */
export const leavesAt = ({ resets }: BudgetRules, { windowMs }: Policy, arrivesBy: number): number =>
  resets === 'aligned'
    ? Math.ceil((arrivesBy + clockMargin) / windowMs) * windowMs + clockMargin
    : arrivesBy + windowMs;

/** No time span [from, to) can hold more calls. */
export function maxCallsWithin(
  { resets }: BudgetRules,
  { limit, windowMs }: Policy,
  from: number,
  to: number,
): number {
  const start = resets === 'aligned' ? alignedStart(from, windowMs) : from;
  return limit * Math.ceil((to - start) / windowMs);
}

/** Start of the aligned span that contains `at`. */
export const alignedStart = (at: number, windowMs: number): number => Math.floor(at / windowMs) * windowMs;

/** The rules of an account's upstream. @throws {Error} for one without a file; checked before the audit */
export function upstreamRules({ upstreams }: Rules, account: string): UpstreamRules {
  const rules = upstreams[upstreamOf(account)];
  if (!rules) throw new Error(`There are no rules for the upstream of ${account}`);
  return rules;
}
