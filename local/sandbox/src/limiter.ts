import type { Policy } from '@paceline/shared/contracts';
import { type BudgetName, budgetNames, type Tier } from '@paceline/shared/definition';
import type { SyncUpstream } from '@paceline/shared/upstreams';
import { z } from 'zod';
import { keyName } from './audit.ts';
import { between, draw } from './random.ts';

/** `limit` calls per `windowMs` of project time. */
const policy = z.strictObject({ limit: z.int().positive(), windowMs: z.number().positive() }).readonly();

/** Policies that replace those of every tier. */
export const policyOverrides = z.partialRecord(z.enum(budgetNames), policy);
export type PolicyOverrides = z.output<typeof policyOverrides>;

/** Changes to the overrides; `null` restores the tier's policy. */
export const policyChanges = z.partialRecord(z.enum(budgetNames), policy.nullable());
type PolicyChanges = z.output<typeof policyChanges>;

/** Upstream's observed time to first byte, in project ms. */
const ranges: Partial<Record<BudgetName, readonly [low: number, high: number]>> = {
  clubs: [61_000, 75_000],
  riders_bulk: [48_000, 55_000],
  riders_single: [1_000, 3_000],
  results: [1_000, 3_000],
};
const otherRange = [1_000, 4_000] as const;

export const latencyOf = (seed: number, budget: BudgetName, seq: number): number =>
  between(draw(seed, 'latency', seq), ...(ranges[budget] ?? otherRange));

export interface LimitDecision {
  readonly accepted: boolean;
  readonly remaining: number;
  /** When a call that is rejected now would be accepted, in project ms. */
  readonly resetAt: number;
}

/** Counts one key's calls on one budget. `now`: project ms of the arrival, never decreasing. */
export type Counter = (policy: Policy, now: number) => LimitDecision;

/** Consecutive windows that also count rejected calls. `startOf`: start of the window of a call at `now` */
const fixedWindow = (startOf: (last: number, windowMs: number, now: number) => number) => (): Counter => {
  let startedAt = Number.NEGATIVE_INFINITY;
  let calls = 0;
  return ({ limit, windowMs }, now) => {
    const start = startOf(startedAt, windowMs, now);
    calls = start === startedAt ? calls + 1 : 1;
    startedAt = start;
    return { accepted: calls <= limit, remaining: Math.max(0, limit - calls), resetAt: start + windowMs };
  };
};

/** At most `limit` calls in any interval of `windowMs`. `countRejects`: rejected calls count too */
const slidingLog = (countRejects: boolean) => (): Counter => {
  let log: readonly number[] = [];
  return ({ limit, windowMs }, now) => {
    const inWindow = log.filter((time) => time > now - windowMs);
    const accepted = inWindow.length < limit;
    log = accepted || countRejects ? [...inWindow, now] : inWindow;
    const leavesNext = log.at(-limit) ?? log[0] ?? now;
    return { accepted, remaining: Math.max(0, limit - log.length), resetAt: leavesNext + windowMs };
  };
};

const newCounter = {
  /** The window opens with the first call, so two full batches can come in quick succession around its end. */
  'first-hit': fixedWindow((last, windowMs, now) => (now < last + windowMs ? last : now)),
  sliding: slidingLog(false),
  'sliding-counting-rejects': slidingLog(true),
  /** Windows start at the multiples of W since the epoch. */
  'clock-aligned': fixedWindow((_, windowMs, now) => Math.floor(now / windowMs) * windowMs),
} satisfies Record<string, () => Counter>;

/** How a policy is enforced. Which of these upstream uses is not known. */
export type Enforcement = keyof typeof newCounter;
export const enforcements = Object.keys(newCounter) as [Enforcement, ...Enforcement[]];

export const createCounter = (enforcement: Enforcement): Counter => newCounter[enforcement]();

/** The short name of a key, and its tier. */
export interface Account {
  readonly key: string;
  readonly tier: Tier;
}

/** The accounts of these keys, by key. */
export const accountsOf = (keys: Readonly<Record<string, Tier>>): Map<string, Account> =>
  new Map(Object.entries(keys).map(([key, tier]) => [key, { key: keyName(key), tier }]));

/** Imitates upstream's limiter: counts every arrival per key and budget. */
export type SandboxLimiter = ReturnType<typeof createLimiter>;

export function createLimiter(
  budgets: SyncUpstream['budgets'],
  firstEnforcement: Enforcement,
  firstOverrides: PolicyOverrides,
) {
  let enforcement = firstEnforcement;
  let overrides = firstOverrides;
  const counters = new Map<string, Counter>();
  return {
    /** Counts an arrival at `now` (project ms), whether or not it is accepted. */
    arrive(
      { key, tier }: Account,
      budget: BudgetName,
      now: number,
    ): { decision: LimitDecision; policy: Policy } {
      const policy = overrides[budget] ?? budgets[budget].limits[tier];
      const name = `${key} ${budget}`;
      const counter = counters.get(name) ?? createCounter(enforcement);
      counters.set(name, counter);
      return { policy, decision: counter(policy, now) };
    },
    /** Overrides policies for every key, keeping the counts. Returns all overrides. */
    changePolicies(changes: PolicyChanges): PolicyOverrides {
      const merged = Object.entries({ ...overrides, ...changes }).filter(([, policy]) => policy !== null);
      overrides = Object.fromEntries(merged) as PolicyOverrides;
      return overrides;
    },
    /** Changes the enforcement and resets the counts. */
    enforce(next: Enforcement) {
      enforcement = next;
      counters.clear();
    },
    /** Resets the counts, as a restart of upstream does. */
    restart: () => counters.clear(),
  };
}

export const secondsUntil = (time: number, now: number) => Math.max(0, Math.ceil((time - now) / 1_000));

/** Upstream's body of a 429: `retryAfter` is a string of whole seconds, rounded up. */
export const tooManyRequestsBody = (
  { limit, windowMs }: Policy,
  { resetAt }: LimitDecision,
  now: number,
) => ({
  error: 'Too many requests, please try again later.',
  retryAfter: String(secondsUntil(resetAt, now)),
  windowMinutes: windowMs / 60_000,
  limit,
});

/** The IETF fields (draft-ietf-httpapi-ratelimit-headers), and `Retry-After` for a rejected call. */
export function rateLimitHeaders(
  { limit, windowMs }: Policy,
  { accepted, remaining, resetAt }: LimitDecision,
  now: number,
): Record<string, string> {
  const seconds = secondsUntil(resetAt, now);
  return {
    'RateLimit-Policy': `"default";q=${limit};w=${windowMs / 1_000}`,
    RateLimit: `"default";r=${remaining};t=${seconds}`,
    ...(accepted ? {} : { 'Retry-After': String(seconds) }),
  };
}
