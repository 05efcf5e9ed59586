import {
  type Budget,
  type Policy,
  type PolicyChanges,
  type PolicyOverrides,
  type Tier,
  tierPolicies,
} from '../budgets.ts';
import { type Counter, createCounter, type Enforcement } from './counter.ts';
import type { Decision } from './rule.ts';

/** Who calls: the short name of its key and the tier that was sold with it. */
export interface Account {
  readonly key: string;
  readonly tier: Tier;
}

/** The limiter of upstream: counts every arrival per key and budget. */
export interface Limiter {
  /** Counts one arrival at `now` (project ms), whatever will come of it. */
  arrive(account: Account, budget: Budget, now: number): { decision: Decision; policy: Policy };
  /** Changes policies for every key from now on; counts are kept. Answers with the overrides that hold now. */
  changePolicies(changes: PolicyChanges): PolicyOverrides;
  /** Judges by another rule from now on. Counts are forgotten. */
  enforce(enforcement: Enforcement): void;
  /** What a restart of upstream does: counts are forgotten. */
  restart(): void;
}

export function createLimiter(firstEnforcement: Enforcement, firstOverrides: PolicyOverrides): Limiter {
  let enforcement = firstEnforcement;
  let overrides = firstOverrides;
  const counters = new Map<string, Counter>();

  const counterOf = (name: string): Counter => {
    const counter = counters.get(name) ?? createCounter(enforcement);
    counters.set(name, counter);
    return counter;
  };

  return {
    arrive({ key, tier }, budget, now) {
      const policy = overrides[budget] ?? tierPolicies[tier][budget];
      return { policy, decision: counterOf(`${key} ${budget}`)(policy, now) };
    },
    changePolicies(changes) {
      const merged = Object.entries({ ...overrides, ...changes }).filter(([, policy]) => policy !== null);
      overrides = Object.fromEntries(merged) as PolicyOverrides;
      return overrides;
    },
    enforce(next) {
      enforcement = next;
      counters.clear();
    },
    restart: () => counters.clear(),
  };
}
