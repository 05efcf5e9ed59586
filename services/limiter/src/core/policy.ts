import type { FactOf, Operation, Outcome, Policy } from '@paceline/shared/contracts';
import { type BudgetState, policyOf } from './budget.ts';
import { findInterval } from './evolve.ts';
import type { Decision } from './protocol.ts';

/** No upstream needs more, and every call in a window is remembered. */
const largestLimit = 1_000;

/**
 * What an answer teaches of the limit: upstream's word counts, but makes no operator's policy looser, nor one that was
 * named after the call had started: what comes late is old.
 */
export function lessons(
  budget: BudgetState,
  permit: string,
  { learned }: Outcome,
  now: number,
): FactOf<'policy_changed'>[] {
  if (!learned) return [];
  const kept = policyOf(budget);
  const said = { limit: Math.min(learned.limit, largestLimit), windowMs: learned.windowMs };
  const since = budget.record.policy?.since ?? -1;
  const isOld = (findInterval(budget, permit)?.startedAt ?? 0) <= since;
  const next = isOld || budget.record.policy?.from === 'operator' ? stricterOf(kept, said) : said;
  if (isSame(kept, next)) return [];
  return [changePolicy(budget, 'upstream', next, now)];
}

/**
 * A change of policy. Calls of before the window that was kept are forgotten; a longer window may still hold them, so
 * nothing goes until it has been watched for its whole length. What is unknown from before counts by the new window.
 * @param policy null: back to the documented one
 */
export function changePolicy(
  budget: BudgetState,
  by: 'upstream' | 'operator',
  policy: Policy | null,
  now: number,
): FactOf<'policy_changed'> {
  const { account, endpoint } = budget.record;
  const kept = policyOf(budget);
  const longer = (policy ?? budget.settings.policies[endpoint]).windowMs - kept.windowMs;
  const known = budget.record.unknownUntil ?? 0;
  const isUnknown = known > now;
  const from = longer > 0 ? Math.max(now + budget.settings.epsilon, known) : known;
  const unknownUntil = isUnknown || longer > 0 ? Math.max(now, Math.ceil(from + longer)) : null;
  return { fact: 'policy_changed', account, endpoint, by, at: now, policy, unknownUntil };
}

const stricterOf = (a: Policy, b: Policy): Policy => ({
  limit: Math.min(a.limit, b.limit),
  windowMs: Math.max(a.windowMs, b.windowMs),
});

const isSame = (a: Policy, b: Policy): boolean => a.limit === b.limit && a.windowMs === b.windowMs;

/** Carries out what an operator asks for. */
export function operate(budget: BudgetState, operation: Operation, now: number): Decision {
  const { account, endpoint } = operation;
  const done = (fact: Decision['facts'][number]): Decision => ({
    answer: { answer: 'done' },
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
      return done(changePolicy(budget, 'operator', operation.policy, now));
    case 'forget_policy':
      return done(changePolicy(budget, 'operator', null, now));
  }
}
