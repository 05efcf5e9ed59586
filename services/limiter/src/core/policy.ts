import type { FactOf, Operation, Outcome, Policy } from '@paceline/shared/contracts';
import { strictestOf } from '@paceline/shared/upstreams/answers';
import { type BudgetState, policyOf } from './budget.ts';
import type { Decision } from './protocol.ts';

/** No upstream allows more, and every call of a window is kept in memory. */
const maxLimit = 1_000;

/**
 * The policy change that an answer teaches. In force is the strictest of what upstream advertises and the basis: what
 * the last 429 taught and an operator set, else the documented policy. Headers tighten the basis, and never loosen it.
 */
export function learnedPolicy(
  budget: BudgetState,
  permit: string,
  outcome: Outcome,
  now: number,
): FactOf<'policy_changed'>[] {
  const current = policyOf(budget);
  const basis = basisOf(budget, taughtBy(budget, permit, outcome));
  // Clients of a version before `advertised` report it as learned.
  const advertised = outcome.advertised ?? outcome.learned ?? current;
  const known = isOutdated(budget, permit) ? [current] : [];
  const next = strictest(basis.policy, advertised, ...known);
  if (isSame(current, next)) return [];
  const isDocumented = basis.isDocumented && isSame(basis.policy, next);
  return [policyChange(budget, 'upstream', isDocumented ? null : next, now)];
}

/**
 * What a 429 teaches: the policy in its body, which may be looser than all that is known, else a stricter one in its
 * headers. Undefined for nothing.
 */
export function taughtBy(
  budget: BudgetState,
  permit: string,
  { status, learned, advertised }: Outcome,
): Policy | undefined {
  if (status !== 429) return undefined;
  const { policy: basis } = basisOf(budget);
  const named = learned && { ...learned, limit: Math.min(learned.limit, maxLimit) };
  const known = named && !isOutdated(budget, permit) ? named : strictest(basis, named);
  const taught = strictest(known, advertised);
  return named || !isSame(basis, taught) ? taught : undefined;
}

/** The policy that no header loosens. */
function basisOf({ record, settings }: BudgetState, taught = record.floor.upstream) {
  const named = [record.floor.operator, taught].filter((each) => each !== null);
  const policy = strictestOf(named) ?? settings.policies[record.endpoint];
  return { policy, isDocumented: named.length === 0 };
}

/** Whether a policy was named after the call had started. */
function isOutdated(budget: BudgetState, permit: string): boolean {
  const { policy, lastRejected } = budget.record;
  const namedAt = Math.max(policy?.since ?? -1, lastRejected?.at ?? -1);
  return (budget.calls.get(permit)?.startedAt ?? 0) <= namedAt;
}

const strictest = (policy: Policy, ...others: ReadonlyArray<Policy | undefined>): Policy =>
  strictestOf([policy, ...others.filter((each) => each !== undefined)]) ?? policy;

/** Whether a policy allows anything that the other one does not. */
export const allowsMore = (policy: Policy, other: Policy): boolean =>
  !isSame(strictest(policy, other), policy);

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
