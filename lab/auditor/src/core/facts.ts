import type { Fact, FactOf, Policy } from '@paceline/shared/contracts';
import { rate } from '@paceline/shared/words';
import { howLong, note, when } from './findings.ts';
import type { BudgetHistory, StartedCall } from './history.ts';
import {
  addViolation,
  bookCall,
  budgetOf,
  epochOf,
  mayPredateJournal,
  isCounted,
  isSamePolicy,
  type LedgerState,
} from './ledger-state.ts';

function applyStarted(state: LedgerState, fact: FactOf<'started'>): void {
  const budget = budgetOf(state, fact);
  const { permit, startedAt, arrivesBy } = fact.interval;
  checkOwner(state, budget, permit);
  if (budget.byPermit.has(permit)) {
    addViolation(state, 'started_twice', `${permit} was started twice.`, budget.place);
    return;
  }
  checkNotPaused(state, budget, fact.interval);
  const shortest = state.rules.callTimeout[fact.endpoint];
  if (arrivesBy - startedAt < shortest) {
    const message = `${permit} was booked to arrive within ${howLong(arrivesBy - startedAt)}, but a call can take ${howLong(shortest)}.`;
    addViolation(state, 'short_interval', message, budget.place);
  }
  const { requestedAt, firstEstimate } = fact;
  bookCall(state, budget, fact.interval, { requestedAt, firstEstimate: firstEstimate ?? undefined });
}

/** The journal lost the start of a call that Postgres had a record of: the call counts in its window like any other. */
function applyRestored(state: LedgerState, fact: FactOf<'call_restored'>): void {
  const budget = budgetOf(state, fact);
  const { permit, startedAt } = fact.interval;
  const known = budget.byPermit.get(permit);
  if (known) {
    if (isCounted(known, budget.policy, fact.at))
      addViolation(state, 'restored_twice', `${permit} was restored, but it still counted.`, budget.place);
    return;
  }
  const message = `${permit} was restored from the call log: the journal had lost its start.`;
  state.findings.push(note('call_restored', message, { sequence: state.sequence, place: budget.place }));
  bookCall(state, budget, fact.interval, { requestedAt: startedAt, firstEstimate: undefined });
}

/** An owner that lost its claim must not commit anything. */
function checkOwner(state: LedgerState, { place }: BudgetHistory, permit: string): void {
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
  const { pausedUntil, policy, place } = budget;
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
  if (lostAt === undefined || startedAt >= lostAt + policy.windowMs) return;
  const message = `${permit} was started ${howLong(startedAt - lostAt)} after the journal was found lost; the lost calls can count for ${howLong(policy.windowMs)}.`;
  addViolation(state, 'started_after_loss', message, place);
}

/** A settle can only narrow the arrival interval: an answered call arrived before its response at the latest. */
function applySettled(state: LedgerState, fact: FactOf<'settled'>): void {
  const call = endingCall(state, fact);
  if (!call) return;
  const { permit, arrivesBy, at, outcome } = fact;
  const budget = budgetOf(state, fact);
  const { place } = budget;
  const known = outcome.result === 'answered' ? at : at + 1;
  if (arrivesBy > call.arrivesBy) {
    const message = `${permit} was settled with an arrival by ${when(arrivesBy)}, ${howLong(arrivesBy - call.arrivesBy)} later than booked at the start.`;
    addViolation(state, 'late_settle', message, place);
  } else if (arrivesBy < Math.min(call.arrivesBy, known)) {
    const message = `${permit} was settled with an arrival by ${when(arrivesBy)}, which the limiter could not know at ${when(at)}.`;
    addViolation(state, 'early_settle', message, place);
  }
  call.arrivesBy = arrivesBy;
  call.end = 'settled';
  call.outcome = outcome;
  // A call started before the pause says nothing about whether upstream is open again.
  const letIn = outcome.result === 'answered' && outcome.status !== 429;
  if (letIn && call.startedAt >= budget.pausedUntil.upstream) budget.probing = false;
}

function applyRejected(state: LedgerState, fact: FactOf<'rejected'>): void {
  const { permit, at, policy: kept, attribution } = fact;
  const budget = budgetOf(state, fact);
  const call = budget.byPermit.get(permit);
  if (!call && !mayPredateJournal(state, permit)) {
    addViolation(state, 'never_started', `${permit} got a 429 but was never started.`, budget.place);
  }
  if (!isSamePolicy(kept, budget.policy)) {
    const message = `The 429 for ${permit} records a policy that differs from the one in force. Check that ZWIFTRACING_TIER is the limiter's.`;
    addViolation(state, 'policy_mismatch', message, budget.place);
  }
  if (fact.learned) {
    const { outcome } = call ?? {};
    if (outcome)
      checkNotLooser(
        state,
        budget,
        fact.learned,
        outcome.learned ? [outcome.learned] : basisOf(state, budget),
      );
    budget.floor.upstream = fact.learned;
  }
  if (!state.complete) return;
  const { sequence } = state;
  const unknown = { closedUntil: undefined, named: undefined };
  budget.rejections.push({ permit, sequence, at, kept, attribution, call, ...unknown });
}

/** The open call that a fact ends; undefined, with a violation, when there is none. */
function endingCall(
  state: LedgerState,
  fact: FactOf<'settled'> | FactOf<'returned'>,
): StartedCall | undefined {
  const { fact: how } = fact;
  const { byPermit, place } = budgetOf(state, fact);
  const call = byPermit.get(fact.permit);
  if (!call) {
    if (mayPredateJournal(state, fact.permit)) return undefined;
    addViolation(state, 'never_started', `${fact.permit} was ${how} but never started.`, place);
    return undefined;
  }
  call.lag = Math.max(call.lag, state.lag);
  if (call.end === 'open') return call;
  addViolation(state, 'ended_twice', `${fact.permit} was ${how} after it had been ${call.end}.`, place);
  return undefined;
}

/** Of upstream's pauses the longest counts, of an operator's the last. */
function applyPaused(state: LedgerState, fact: FactOf<'paused'>): void {
  const budget = budgetOf(state, fact);
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
  const next = fact.policy ?? state.rules.documented[fact.endpoint];
  if (fact.by === 'operator') budget.floor = { upstream: null, operator: fact.policy };
  checkNotLooser(state, budget, next, basisOf(state, budget));
  if (isStricter(next, budget.policy)) budget.strictFrom = budget.calls.length;
  budget.policy = next;
  budget.named = fact.policy !== null;
  budget.changes.push({ at: fact.at, timeline: state.timeline, policy: next });
  const rejection = fact.by === 'upstream' ? rejectionOfThisEntry(budget, state) : undefined;
  if (rejection && fact.policy) rejection.named = fact.policy;
}

/** What no header loosens: what 429s have taught and an operator has set, else the documented policy. */
function basisOf({ rules }: LedgerState, { floor, place }: BudgetHistory): readonly Policy[] {
  const named = Object.values(floor).filter((each) => each !== null);
  return named.length > 0 ? named : [rules.documented[place.endpoint]];
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
    const call = endingCall(state, fact);
    if (call) call.end = 'returned';
  },
  rejected: applyRejected,
  paused: applyPaused,
  resumed(state, fact) {
    budgetOf(state, fact).pausedUntil[fact.by] = fact.at;
  },
  policy_changed: applyPolicyChanged,
};

export const applyFact = (state: LedgerState, fact: Fact): void => appliers[fact.fact](state, fact as never);
