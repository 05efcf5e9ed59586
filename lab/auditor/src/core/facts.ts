import type { Fact, FactOf, Policy } from '@paceline/shared/contracts';
import { rate } from '@paceline/shared/words';
import { type BudgetPlace, howLong, note, when } from './findings.ts';
import type { BudgetHistory, StartedCall } from './history.ts';
import {
  addViolation,
  bookCall,
  budgetOf,
  budgetsOf,
  epochOf,
  mayPredateJournal,
  isCounted,
  isSamePolicy,
  type LedgerState,
} from './ledger-state.ts';
import { countedAfter, upstreamRules } from './rules.ts';

/** A call is booked in all budgets of its endpoint at once: one fact names them all. */
function applyStarted(state: LedgerState, fact: FactOf<'started'>): void {
  const { account, endpoint, interval, requestedAt, firstEstimate } = fact;
  const place = { account, endpoint };
  const budgets = budgetsOf(state, place);
  const { permit, startedAt, arrivesBy } = interval;
  checkOwner(state, place, permit);
  if (budgets.some(({ byPermit }) => byPermit.has(permit))) {
    addViolation(state, 'started_twice', `${permit} was started twice.`, place);
    return;
  }
  for (const budget of budgets) checkNotPaused(state, budget, interval);
  const shortest = upstreamRules(state.rules, account).endpoints[endpoint]?.callTimeout ?? 0;
  if (arrivesBy - startedAt < shortest) {
    const message = `${permit} was booked to arrive within ${howLong(arrivesBy - startedAt)}, but a call can take ${howLong(shortest)}.`;
    addViolation(state, 'short_interval', message, place);
  }
  const known = { endpoint, requestedAt, firstEstimate: firstEstimate ?? undefined };
  for (const budget of budgets) bookCall(state, budget, interval, known);
}

/** The journal lost the start of a call that Postgres had a record of: the call counts in its windows like any other. */
function applyRestored(state: LedgerState, fact: FactOf<'call_restored'>): void {
  const { account, endpoint, interval, at } = fact;
  const { permit, startedAt } = interval;
  const place = { account, endpoint };
  const budgets = budgetsOf(state, place);
  const known = partsOf(budgets, permit);
  if (known.length > 0) {
    if (known.some(({ budget, call }) => isCounted(call, budget, at)))
      addViolation(state, 'restored_twice', `${permit} was restored, but it still counted.`, place);
    return;
  }
  const message = `${permit} was restored from the call log: the journal had lost its start.`;
  state.findings.push(note('call_restored', message, { sequence: state.sequence, place }));
  for (const budget of budgets)
    bookCall(state, budget, interval, { endpoint, requestedAt: startedAt, firstEstimate: undefined });
}

/** A call as the budgets that know it count it. */
const partsOf = (budgets: readonly BudgetHistory[], permit: string) =>
  budgets.flatMap((budget) => {
    const call = budget.byPermit.get(permit);
    return call ? [{ budget, call }] : [];
  });

/** An owner that lost its claim must not commit anything. */
function checkOwner(state: LedgerState, place: BudgetPlace, permit: string): void {
  const epoch = epochOf(permit);
  // When the journal starts after the claim, the first start shows which claim was in force.
  if (state.claim === undefined && !Number.isNaN(epoch)) state.claim = epoch;
  if (epoch === state.claim) return;
  const message = `${permit} was started under claim ${epoch} while claim ${state.claim ?? 'none'} was in force.`;
  addViolation(state, 'stale_owner', message, place);
}

/** No starts during a pause, one probe after it, and none for a window after the journal was lost. */
function checkNotPaused(
  state: LedgerState,
  budget: BudgetHistory,
  { permit, startedAt }: { permit: string; startedAt: number },
): void {
  const { pausedUntil, policy, place, rules } = budget;
  const closedUntil = Math.max(pausedUntil.upstream, pausedUntil.operator);
  if (startedAt < closedUntil) {
    const message = `${permit} was started at ${when(startedAt)}, while the budget was paused until ${when(closedUntil)}.`;
    addViolation(state, 'started_in_pause', message, place);
  }
  if (budget.probing) {
    const other = budget.calls.findLast(({ end, arrivesBy }) => end === 'open' && arrivesBy > startedAt);
    if (other) {
      const message = `${permit} was started after a pause while ${other.permit} was still in flight; only one probe is allowed.`;
      addViolation(state, 'second_probe', message, place);
    }
    return;
  }
  const { lostAt } = state;
  if (lostAt === undefined || lostAt <= countedAfter(rules, policy, startedAt)) return;
  const message = `${permit} was started ${howLong(startedAt - lostAt)} after the journal was found lost; the lost calls can count for ${howLong(policy.windowMs)}.`;
  addViolation(state, 'started_after_loss', message, place);
}

/** A settle can only narrow the arrival interval: an answered call arrived before its response at the latest. */
function applySettled(state: LedgerState, fact: FactOf<'settled'>): void {
  const parts = endingParts(state, fact);
  const [first] = parts;
  if (!first) return;
  const { arrivesBy, outcome } = fact;
  checkNarrowed(state, fact, first.call);
  // A call started before the pause says nothing about whether upstream is open again.
  const letIn = outcome.result === 'answered' && outcome.status !== 429;
  for (const { budget, call } of parts) {
    call.arrivesBy = arrivesBy;
    call.end = 'settled';
    call.outcome = outcome;
    if (letIn && call.startedAt >= budget.pausedUntil.upstream) budget.probing = false;
  }
}

function checkNarrowed(state: LedgerState, fact: FactOf<'settled'>, call: StartedCall): void {
  const { account, endpoint, permit, arrivesBy, at, outcome } = fact;
  const known = outcome.result === 'answered' ? at : at + 1;
  if (arrivesBy > call.arrivesBy) {
    const message = `${permit} was settled with an arrival by ${when(arrivesBy)}, ${howLong(arrivesBy - call.arrivesBy)} later than booked at the start.`;
    addViolation(state, 'late_settle', message, { account, endpoint });
  } else if (arrivesBy < Math.min(call.arrivesBy, known)) {
    const message = `${permit} was settled with an arrival by ${when(arrivesBy)}, which the limiter could not know at ${when(at)}.`;
    addViolation(state, 'early_settle', message, { account, endpoint });
  }
}

/** A 429 is booked on the budget that it is about. */
function applyRejected(state: LedgerState, fact: FactOf<'rejected'>): void {
  const { permit, at, policy: kept, attribution, learned } = fact;
  const budget = budgetOf(state, fact);
  if (!budget) return;
  const call = budget.byPermit.get(permit);
  if (!call && !mayPredateJournal(state, permit)) {
    addViolation(state, 'never_started', `${permit} got a 429 but was never started.`, budget.place);
  }
  if (!isSamePolicy(kept, budget.policy)) {
    const message = `The 429 for ${permit} records a policy that differs from the one in force. Check that ZWIFTRACING_TIER is the limiter's.`;
    addViolation(state, 'policy_mismatch', message, budget.place);
  }
  if (learned) {
    const { outcome } = call ?? {};
    if (outcome)
      checkNotLooser(state, budget, learned, outcome.learned ? [outcome.learned] : basisOf(budget));
    budget.floor.upstream = learned;
  }
  if (!state.complete) return;
  const { sequence } = state;
  const unknown = { closedUntil: undefined, named: undefined };
  budget.rejections.push({ permit, sequence, at, kept, attribution, call, ...unknown });
}

/** The open call that a fact ends, in every budget that counts it; empty, with a violation, when there is none. */
function endingParts(state: LedgerState, fact: FactOf<'settled'> | FactOf<'returned'>) {
  const { account, endpoint, permit, fact: how } = fact;
  const place = { account, endpoint };
  const parts = partsOf(budgetsOf(state, place), permit);
  const call = parts[0]?.call;
  if (!call) {
    if (!mayPredateJournal(state, permit))
      addViolation(state, 'never_started', `${permit} was ${how} but never started.`, place);
    return [];
  }
  if (call.endpoint !== undefined && call.endpoint !== endpoint) {
    const message = `${permit} was ${how} as a call of ${endpoint}, but started as one of ${call.endpoint}.`;
    addViolation(state, 'other_endpoint', message, place);
  }
  for (const part of parts) part.call.lag = Math.max(part.call.lag, state.lag);
  if (call.end === 'open') return parts;
  addViolation(state, 'ended_twice', `${permit} was ${how} after it had been ${call.end}.`, place);
  return [];
}

/** Of upstream's pauses the longest counts, of an operator's the last. */
function applyPaused(state: LedgerState, fact: FactOf<'paused'>): void {
  const budget = budgetOf(state, fact);
  if (!budget) return;
  const { pausedUntil } = budget;
  if (fact.by === 'operator') {
    pausedUntil.operator = fact.until;
    return;
  }
  pausedUntil.upstream = Math.max(pausedUntil.upstream, fact.until);
  budget.probing = true;
  const rejection = rejectionOfThisEntry(budget, state);
  if (rejection) rejection.closedUntil = fact.until;
}

function applyPolicyChanged(state: LedgerState, fact: FactOf<'policy_changed'>): void {
  const budget = budgetOf(state, fact);
  if (!budget) return;
  const next = fact.policy ?? budget.rules.documented;
  if (fact.by === 'operator') budget.floor = { upstream: null, operator: fact.policy };
  checkNotLooser(state, budget, next, basisOf(budget));
  if (isStricter(next, budget.policy)) budget.strictFrom = budget.calls.length;
  budget.policy = next;
  budget.named = fact.policy !== null;
  budget.changes.push({ at: fact.at, timeline: state.timeline, policy: next });
  const rejection = fact.by === 'upstream' ? rejectionOfThisEntry(budget, state) : undefined;
  if (rejection && fact.policy) rejection.named = fact.policy;
}

/** What no header loosens: what 429s have taught and an operator has set, else the documented policy. */
function basisOf({ floor, rules }: BudgetHistory): readonly Policy[] {
  const named = Object.values(floor).filter((each) => each !== null);
  return named.length > 0 ? named : [rules.documented];
}

function checkNotLooser(
  state: LedgerState,
  { place }: BudgetHistory,
  next: Policy,
  basis: readonly Policy[],
): void {
  for (const each of basis) {
    if (isKeptBy(next, each)) continue;
    const message = `The policy was changed to ${rate(next)}, which allows more than ${rate(each)}.`;
    addViolation(state, 'loosened', message, place);
  }
}

/** A 429, its pause and a policy learned from it are recorded in one entry, in this order. */
function rejectionOfThisEntry({ rejections }: BudgetHistory, { sequence }: LedgerState) {
  const last = rejections.at(-1);
  return last?.sequence === sequence ? last : undefined;
}

/** Whether calls within a policy also keep another one, whose window is covered by whole windows of the first. */
const isKeptBy = (policy: Policy, other: Policy): boolean =>
  policy.limit * Math.ceil(other.windowMs / policy.windowMs) <= other.limit;

/** Stricter in any way: calls that were allowed before can exceed the new policy. */
const isStricter = (next: Policy, before: Policy): boolean =>
  next.limit < before.limit || next.windowMs > before.windowMs;

const appliers: { readonly [Kind in Fact['fact']]: (state: LedgerState, fact: FactOf<Kind>) => void } = {
  /** Other programs' calls only leave fewer for ours, whose windows are judged without them. */
  foreign_booked() {},
  claimed(state) {
    state.claim = state.sequence;
    state.claims.add(state.sequence);
  },
  // The lost calls are unknown; the limiter must wait until they can no longer count.
  journal_lost(state, { at }) {
    state.lostAt = at;
    const message = `The previous journal was found lost at ${when(at)}. Its calls are unknown.`;
    state.findings.push(note('journal_lost', message, { sequence: state.sequence }));
  },
  call_restored: applyRestored,
  started: applyStarted,
  settled: applySettled,
  // Never sent, so upstream does not count it.
  returned(state, fact) {
    for (const { call } of endingParts(state, fact)) call.end = 'returned';
  },
  rejected: applyRejected,
  paused: applyPaused,
  resumed(state, fact) {
    const budget = budgetOf(state, fact);
    if (budget) budget.pausedUntil[fact.by] = fact.at;
  },
  policy_changed: applyPolicyChanged,
};

export const applyFact = (state: LedgerState, fact: Fact): void => appliers[fact.fact](state, fact as never);
