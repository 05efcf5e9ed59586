import type { FactOf, Operation, Outcome, Policy } from '@paceline/shared/contracts';
import { strictestOf } from '@paceline/shared/upstreams/answers';
import { policyOf } from './budget.ts';
import { compareLimit } from './counters.ts';
import { maxArrivalDelay } from './ledger.ts';
import type { Decision } from './protocol.ts';
import { leavesAt } from './window.ts';
import type { BudgetState, EndpointState } from './state.ts';

/** Every call of a window is kept in memory, and a snapshot of them must fit into a message. */
const maxLimit = 4_000;

/** The policy changes that an answer teaches. */
export const learnedPolicies = (
  endpoint: EndpointState,
  permit: string,
  outcome: Outcome,
  now: number,
): FactOf<'policy_changed'>[] =>
  endpoint.budgets.flatMap((budget) =>
    learnedPolicy(budget, permit, saidAbout(budget, endpoint, permit, outcome, now), now),
  );

/**
 * What an answer says about one budget of its call. Of several budgets, a policy is about the only one with its window. The
 * limit of a counter is that of the documented window, unless the answer names another.
 */
export function saidAbout(
  budget: BudgetState,
  { budgets }: EndpointState,
  permit: string,
  outcome: Outcome,
  now: number,
): Outcome {
  const limit = compareNamed(budget, permit, outcome, now)?.confirmed;
  const counted = limit === undefined ? {} : { advertised: { ...budget.definition.policy, limit } };
  if (budgets.length === 1) return limit === undefined ? outcome : { ...counted, ...outcome };
  const isAbout = (said: Policy | undefined) => {
    const [one, ...others] = budgets.filter((each) => policyOf(each).windowMs === said?.windowMs);
    return one === budget && others.length === 0;
  };
  const { learned, advertised, ...rest } = outcome;
  return {
    ...rest,
    ...counted,
    ...(isAbout(learned) && { learned }),
    ...(isAbout(advertised) && { advertised }),
  };
}

/** The limit that an answer's counter names; undefined for nothing. */
export function compareNamed(budget: BudgetState, permit: string, { usage }: Outcome, answeredAt: number) {
  const said = usage?.find((each) => each.budget === budget.record.endpoint);
  const call = said && budget.calls.get(permit);
  return call && compareLimit(budget.namedLimit, said, { startedAt: call.startedAt, answeredAt });
}

/**
 * The policy change that an answer teaches. In force is the strictest of what upstream advertises and the basis: what
 * the last 429 taught and an operator set, else the documented policy. Headers tighten the basis, and never loosen it.
 */
function learnedPolicy(
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
function basisOf({ record, definition }: BudgetState, taught = record.floor.upstream) {
  const named = [record.floor.operator, taught].filter((each) => each !== null);
  const policy = strictestOf(named) ?? definition.policy;
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
  const unknownUntil = unknownAfter(budget, policy ?? budget.definition.policy, now);
  return { fact: 'policy_changed', account, endpoint, by, at: now, policy, unknownUntil };
}

function unknownAfter(budget: BudgetState, next: Policy, now: number): number | null {
  const { settings, definition, record } = budget;
  const longer = next.windowMs - policyOf(budget).windowMs;
  const unknownBefore = record.unknownUntil ?? 0;
  const isUnknown = unknownBefore > now;
  if (!isUnknown && longer <= 0) return null;
  if (definition.resets === 'aligned') {
    // Lost calls may still arrive for a while.
    const arrivedBy = isUnknown ? now + maxArrivalDelay(definition, settings) : now;
    return Math.ceil(Math.max(unknownBefore, leavesAt(budget, arrivedBy, next)));
  }
  const from = longer > 0 ? Math.max(now + settings.epsilon, unknownBefore) : unknownBefore;
  return Math.max(now, Math.ceil(from + longer));
}

const isSame = (a: Policy, b: Policy): boolean => a.limit === b.limit && a.windowMs === b.windowMs;

/** Carries out an operator's request. */
export function operate(budget: BudgetState, operation: Operation, now: number): Decision {
  const { account, endpoint } = budget.record;
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
