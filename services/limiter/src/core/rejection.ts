import {
  type Attribution,
  attribution as attributions,
  type Fact,
  type Outcome,
  type Policy,
} from '@paceline/shared/contracts';
import { longestWait, pausesBudget } from '@paceline/shared/upstreams/answers';
import { policyOf } from './budget.ts';
import { foreignInRejection, isSaidFull } from './book-foreign.ts';
import { allowsMore, saidAbout, taughtBy } from './policy.ts';
import { countCalls, isPaused, leavesAt, nextWindow } from './window.ts';
import type { BudgetState, EndpointState } from './state.ts';

const quarterHour = 900_000;
/** The share of a window that is used when it is the likely cause of a 429. Closing it costs only the rest. */
const nearlyFull = 0.9;

/**
 * The facts of an answer that pauses budgets: a 429, whose cause is attributed, or another failure that names a time.
 * The client requests the call again (`sync/call.ts` in the shared package).
 */
export function pauseAfter(endpoint: EndpointState, permit: string, outcome: Outcome, now: number): Fact[] {
  if (!pausesBudget(outcome)) return [];
  const said = pausedBy(endpoint, outcome).map((budget) => ({
    budget,
    said: saidAbout(budget, endpoint, permit, outcome, now),
  }));
  const causes = new Set(
    outcome.status === 429 ? said.map((each) => attribute(each.budget, permit, each.said)) : [],
  );
  const attribution = attributions.options.find((cause) => causes.has(cause));
  const isKnown = said.length === 1 || said.every(({ budget }) => isSaidFull(budget, outcome));
  return said.flatMap((each) => pauseOne(each.budget, permit, each.said, attribution, isKnown, now));
}

/** Which budgets of a call an answer is about: those that its counters show as full, or else any of them. */
function pausedBy({ budgets }: EndpointState, outcome: Outcome): readonly BudgetState[] {
  const full = outcome.status === 429 ? budgets.filter((budget) => isSaidFull(budget, outcome)) : [];
  return full.length > 0 ? full : budgets;
}

function pauseOne(
  budget: BudgetState,
  permit: string,
  outcome: Outcome,
  /** Of a 429. */
  attribution: Attribution | undefined,
  /** Whether it is this budget that the answer is about. */
  isKnown: boolean,
  now: number,
): Fact[] {
  const { account, endpoint } = budget.record;
  const { limit, windowMs } = policyOf(budget);
  const before = budget.record.consecutiveRejections;
  // Calls rejected together count as one rejection.
  const consecutiveRejections = attribution ? before + (isPaused(budget, now) ? 0 : 1) : before;
  const pause = pauseOf(budget, outcome, consecutiveRejections, now);
  const until = Math.ceil(
    now + pause + budget.settings.epsilon + jitterOf(permit) * budget.settings.probeJitter,
  );
  const paused: Fact = {
    fact: 'paused',
    account,
    endpoint,
    by: 'upstream',
    at: now,
    until,
    consecutiveRejections,
  };
  if (!attribution) return [paused];
  const learned = taughtBy(budget, permit, outcome);
  const policy = { limit, windowMs };
  const rejected: Fact = { fact: 'rejected', account, endpoint, permit, at: now, policy, attribution };
  const foreign =
    attribution === 'foreign_caller' && isKnown ? foreignInRejection(budget, outcome, until, now) : [];
  return [learned ? { ...rejected, learned } : rejected, ...foreign, paused];
}

/** The policy that an answer reports, the one that rejected the call first. */
const reportedBy = ({ learned, advertised }: Outcome): Policy | undefined => learned ?? advertised;

/**
 * The wait that upstream names, but instead of one that can't be meant the window; without one, until an aligned window
 * resets that is the likely cause, else exponential backoff.
 */
function pauseOf(budget: BudgetState, outcome: Outcome, consecutiveRejections: number, now: number): number {
  const { retryAfterMs } = outcome;
  const windowMs = Math.max(policyOf(budget).windowMs, reportedBy(outcome)?.windowMs ?? 0);
  if (retryAfterMs !== undefined && retryAfterMs <= longestWait(windowMs)) return retryAfterMs;
  const pause = defaultPause(budget, reportedBy(outcome), consecutiveRejections);
  if (
    retryAfterMs === undefined &&
    budget.definition.resets === 'aligned' &&
    isLikelyFull(budget, outcome, now)
  )
    return Math.max(pause, nextWindow(budget, now) - now);
  return retryAfterMs === undefined ? pause : Math.min(longestWait(windowMs), Math.max(windowMs, pause));
}

/** Whether upstream's counter shows a window as full, or the ledger shows it as nearly full. */
const isLikelyFull = (budget: BudgetState, outcome: Outcome, now: number): boolean =>
  isSaidFull(budget, outcome) || countCalls(budget, now) >= nearlyFull * policyOf(budget).limit;

/** The cause of a 429, judged by the calls that the ledger holds of its window. */
function attribute(budget: BudgetState, permit: string, outcome: Outcome): Attribution {
  const reported = taughtBy(budget, permit, outcome) ?? reportedBy(outcome);
  const policy = policyOf(budget);
  const startedAt = budget.calls.get(permit)?.startedAt ?? 0;
  const others = [...budget.calls].filter((each) => each.permit !== permit);
  // A call that started after this one could last be sent arrives after it.
  const sentBy = startedAt + budget.settings.sendWithin;
  const later = others.filter((each) => each.startedAt > startedAt && each.startedAt <= sentBy);
  const isFull = [startedAt, ...later.map((each) => each.startedAt)].some(
    (at) =>
      others.filter((each) => each.startedAt <= at && leavesAt(budget, each.arrivesBy) > at).length >=
      policy.limit,
  );
  if (isFull) return 'ours';
  const isStricter = reported !== undefined && allowsMore(policy, reported);
  const isByOperator = budget.record.policy?.from === 'operator';
  // Calls of a longer window than the operator's are forgotten, so a limit above the documented one explains enough.
  if (isByOperator && (isStricter || allowsMore(policy, budget.definition.policy))) return 'operator_limit';
  if (isStricter) return 'policy_changed';
  return others.some(({ settled }) => !settled) ? 'unreported_permit' : 'foreign_caller';
}

/** Exponential backoff, but at least the longer window of a stricter policy: calls of it may be forgotten here. */
function defaultPause(
  budget: BudgetState,
  reported: Policy | undefined,
  consecutiveRejections: number,
): number {
  const policy = policyOf(budget);
  const isLonger = reported && reported.windowMs > policy.windowMs && allowsMore(policy, reported);
  const longer = isLonger ? reported.windowMs : 0;
  return Math.max(longer, Math.min(quarterHour, 1_000 * 2 ** consecutiveRejections));
}

/** A number in [0, 1) that depends on the permit only, so that replicas agree on it (FNV-1a). */
function jitterOf(permit: string): number {
  let hash = 0x811c9dc5;
  for (const character of permit) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}
