import type { FactOf, Operation, Outcome, Policy } from '@paceline/shared/contracts';
import { strictestOf } from '@paceline/shared/zwiftracing/answers';
import { type BudgetState, policyOf } from './budget.ts';
import { findInterval } from './evolve.ts';
import type { Decision } from './protocol.ts';

/** No upstream allows more, and every call of a window is kept in memory. */
const maxLimit = 1_000;

/**
 * The policy change that an answer teaches. What a 429 has taught applies until a 429 names another policy; advertised
 * policies, of which there may be stricter ones, replace the documented one, and else only make it stricter. Nothing
 * loosens what an operator set.
 */
export function learnedPolicy(
  budget: BudgetState,
  permit: string,
  outcome: Outcome,
  now: number,
): FactOf<'policy_changed'>[] {
  // Clients of a version before `advertised` report those as learned, too.
  const advertised = outcome.advertised ?? outcome.learned;
  const taught = taughtBy(budget, permit, outcome);
  if (!taught && !advertised) return [];
  const { floor } = budget.record;
  const current = policyOf(budget);
  const known = [
    operatorFloor(budget),
    taught ?? floor?.upstream,
    isOutdated(budget, permit) ? current : null,
  ];
  const next = strictest([...known, advertised]) ?? current;
  if (isSame(current, next)) return [];
  return [policyChange(budget, 'upstream', next, now)];
}

/**
 * What 429s have taught, with this answer; undefined if it teaches nothing. The body of a 429 has the policy that rejected
 * the call. Without one, there is a stricter policy than those that headers advertise: they no longer loosen the documented one.
 */
export function taughtBy(
  budget: BudgetState,
  permit: string,
  { status, learned, advertised }: Outcome,
): Policy | undefined {
  if (status !== 429) return undefined;
  const { floor, policy, endpoint } = budget.record;
  if (learned) return strictest([learned, advertised, isOutdated(budget, permit) ? floor?.upstream : null]);
  if (!advertised && policy?.from !== 'upstream') return undefined;
  const unlessSet = operatorFloor(budget) ? null : budget.settings.policies[endpoint];
  return strictest([advertised, floor?.upstream ?? unlessSet]);
}

/** Snapshots of a version before `floor` have an operator's policy only as the current one. */
const operatorFloor = ({ record: { floor, policy } }: BudgetState): Policy | null =>
  floor ? floor.operator : policy?.from === 'operator' ? policy : null;

/** Whether a policy was named after the call had started. */
function isOutdated(budget: BudgetState, permit: string): boolean {
  const { policy, floor, lastRejected } = budget.record;
  const taughtAt = floor?.upstream && lastRejected ? lastRejected.at : -1;
  const namedAt = Math.max(policy?.since ?? -1, taughtAt);
  return (findInterval(budget, permit)?.startedAt ?? 0) <= namedAt;
}

const strictest = (policies: ReadonlyArray<Policy | null | undefined>): Policy | undefined =>
  strictestOf(
    policies.flatMap((each) =>
      each ? [{ limit: Math.min(each.limit, maxLimit), windowMs: each.windowMs }] : [],
    ),
  );

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
