import type { FactOf, Operation, Outcome, Policy } from '@paceline/shared/contracts';
import { type BudgetState, policyOf } from './budget.ts';
import { findInterval } from './evolve.ts';
import type { Decision } from './protocol.ts';

/** No upstream allows more, and every call of a window is kept in memory. */
const maxLimit = 1_000;

/**
 * The policy change that an answer reports. A reported policy replaces the current one, but it never loosens one that
 * an operator set, nor one that was named after the call had started: then the report is outdated.
 */
export function learnedPolicy(
  budget: BudgetState,
  permit: string,
  { learned }: Outcome,
  now: number,
): FactOf<'policy_changed'>[] {
  if (!learned) return [];
  const current = policyOf(budget);
  const reported = { limit: Math.min(learned.limit, maxLimit), windowMs: learned.windowMs };
  const since = budget.record.policy?.since ?? -1;
  const isOutdated = (findInterval(budget, permit)?.startedAt ?? 0) <= since;
  const mayOnlyTighten = isOutdated || budget.record.policy?.from === 'operator';
  const next = mayOnlyTighten ? stricterOf(current, reported) : reported;
  if (isSame(current, next)) return [];
  return [policyChange(budget, 'upstream', next, now)];
}

/**
 * A change of policy. Calls from before the current window are forgotten, but a longer window may still count them:
 * nothing is granted until the longer window has passed. An unknown past is extended or shortened with the window.
 * @param policy null: back to the documented one
 */
export function policyChange(
  budget: BudgetState,
  by: 'upstream' | 'operator',
  policy: Policy | null,
  now: number,
): FactOf<'policy_changed'> {
  const { account, endpoint } = budget.record;
  const current = policyOf(budget);
  const longer = (policy ?? budget.settings.policies[endpoint]).windowMs - current.windowMs;
  const unknownBefore = budget.record.unknownUntil ?? 0;
  const isUnknown = unknownBefore > now;
  const from = longer > 0 ? Math.max(now + budget.settings.epsilon, unknownBefore) : unknownBefore;
  const unknownUntil = isUnknown || longer > 0 ? Math.max(now, Math.ceil(from + longer)) : null;
  return { fact: 'policy_changed', account, endpoint, by, at: now, policy, unknownUntil };
}

const stricterOf = (a: Policy, b: Policy): Policy => ({
  limit: Math.min(a.limit, b.limit),
  windowMs: Math.max(a.windowMs, b.windowMs),
});

const isSame = (a: Policy, b: Policy): boolean => a.limit === b.limit && a.windowMs === b.windowMs;

/** Carries out an operator's request. */
export function operate(budget: BudgetState, operation: Operation, now: number): Decision {
  const { account, endpoint } = operation;
  const done = (fact: Decision['facts'][number]): Decision => ({
    reply: { answer: 'done' },
    facts: [fact],
  });
  switch (operation.do) {
    case 'pause': {
      const { until } = operation;
      const { consecutiveRejections } = budget.record;
      return done({
        fact: 'paused',
        account,
        endpoint,
        by: 'operator',
        at: now,
        until,
        consecutiveRejections,
      });
    }
    case 'resume':
      return done({ fact: 'resumed', account, endpoint, by: 'operator', at: now });
    case 'release':
      return done({ fact: 'resumed', account, endpoint, by: 'upstream', at: now });
    case 'set_policy':
      return done(policyChange(budget, 'operator', operation.policy, now));
    case 'forget_policy':
      return done(policyChange(budget, 'operator', null, now));
  }
}
