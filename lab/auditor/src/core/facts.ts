import type { Fact, FactOf, Policy } from '@paceline/shared/contracts';
import { howLong, remark, when } from './findings.ts';
import type { BudgetHistory, StartedCall } from './history.ts';
import { blame, book, budgetOf, epochOf, isFromBefore, isSame, type Reading } from './reading.ts';

/** A call is booked. */
function readStarted(reading: Reading, fact: FactOf<'started'>): void {
  const budget = budgetOf(reading, fact);
  const { permit, startedAt, arrivesBy } = fact.interval;
  demandOwner(reading, budget, permit);
  if (budget.byPermit.has(permit)) {
    blame(reading, 'started_twice', `${permit} was started a second time.`, budget.place);
    return;
  }
  demandOpen(reading, budget, fact.interval);
  const shortest = reading.rules.callTimeout[fact.endpoint];
  if (arrivesBy - startedAt < shortest) {
    const says = `${permit} was booked to arrive within ${howLong(arrivesBy - startedAt)}, though a call may take ${howLong(shortest)}.`;
    blame(reading, 'short_interval', says, budget.place);
  }
  const { requestedAt, firstEstimate } = fact;
  book(reading, budget, fact.interval, { requestedAt, firstEstimate: firstEstimate ?? undefined });
}

/** Whoever has lost its claim may commit nothing. */
function demandOwner(reading: Reading, { place }: BudgetHistory, permit: string): void {
  const epoch = epochOf(permit);
  // Where the journal begins in the midst of a reign, its first start tells whose it is.
  if (reading.claim === undefined && !Number.isNaN(epoch)) reading.claim = epoch;
  if (epoch === reading.claim) return;
  const says = `${permit} was started under the claim ${epoch}, though the claim in force was ${reading.claim ?? 'none'}.`;
  blame(reading, 'stale_owner', says, place);
}

/** Nobody starts while the budget is closed; after a pause one goes alone; what a lost journal held counts for a window. */
function demandOpen(
  reading: Reading,
  budget: BudgetHistory,
  { permit, startedAt }: { permit: string; startedAt: number },
): void {
  const { pausedUntil, policy, place } = budget;
  const closedUntil = Math.max(pausedUntil.upstream, pausedUntil.operator);
  if (startedAt < closedUntil) {
    const says = `${permit} was started at ${when(startedAt)}, though the budget was paused until ${when(closedUntil)}.`;
    blame(reading, 'started_in_pause', says, place);
  }
  if (budget.probing) {
    const other = budget.calls.findLast(({ end, arrivesBy }) => end === 'open' && arrivesBy > startedAt);
    if (other) {
      const says = `${permit} was started after a pause while ${other.permit} was still under way: only one may go ahead.`;
      blame(reading, 'not_alone', says, place);
    }
    return;
  }
  const { lostAt } = reading;
  if (lostAt === undefined || startedAt >= lostAt + policy.windowMs) return;
  const says = `${permit} was started ${howLong(startedAt - lostAt)} after the journal was found lost: what it held may count for ${howLong(policy.windowMs)}.`;
  blame(reading, 'started_unknowing', says, place);
}

/** An end may only narrow the interval of arrival, and by what can be known: an answered call had arrived by its answer. */
function readSettled(reading: Reading, fact: FactOf<'settled'>): void {
  const call = endingCall(reading, fact);
  if (!call) return;
  const { permit, arrivesBy, at, outcome } = fact;
  const budget = budgetOf(reading, fact);
  const { place } = budget;
  const known = outcome.result === 'answered' ? at : at + 1;
  if (arrivesBy > call.arrivesBy) {
    const says = `${permit} was settled to have arrived by ${when(arrivesBy)}, ${howLong(arrivesBy - call.arrivesBy)} later than was booked at its start.`;
    blame(reading, 'late_settle', says, place);
  } else if (arrivesBy < Math.min(call.arrivesBy, known)) {
    const says = `${permit} was settled to have arrived by ${when(arrivesBy)}, which nobody could know at ${when(at)}.`;
    blame(reading, 'early_settle', says, place);
  }
  call.arrivesBy = arrivesBy;
  call.end = 'settled';
  call.outcome = outcome;
  // What was under way before a pause says nothing of what was let in after it.
  const letIn = outcome.result === 'answered' && outcome.status !== 429;
  if (letIn && call.startedAt >= budget.pausedUntil.upstream) budget.probing = false;
}

function readRejected(reading: Reading, fact: FactOf<'rejected'>): void {
  const { permit, at, policy: kept, attribution } = fact;
  const budget = budgetOf(reading, fact);
  const call = budget.byPermit.get(permit);
  if (!call && !isFromBefore(reading, permit)) {
    blame(reading, 'never_started', `${permit} was answered 429 but never started.`, budget.place);
  }
  if (!isSame(kept, budget.policy)) {
    const says = `When ${permit} was answered 429 another policy was kept than the facts before it tell of: is ZWIFTRACING_TIER that of the limiter?`;
    blame(reading, 'other_policy', says, budget.place);
  }
  if (!reading.complete) return;
  const { sequence } = reading;
  const unknown = { closedUntil: undefined, named: undefined };
  budget.rejections.push({ permit, sequence, at, kept, attribution, call, ...unknown });
}

/** The open call that a fact says has ended. */
function endingCall(reading: Reading, fact: FactOf<'settled'> | FactOf<'returned'>): StartedCall | undefined {
  const { fact: how } = fact;
  const { byPermit, place } = budgetOf(reading, fact);
  const call = byPermit.get(fact.permit);
  if (!call) {
    if (isFromBefore(reading, fact.permit)) return undefined;
    blame(reading, 'never_started', `${fact.permit} was ${how} but never started.`, place);
    return undefined;
  }
  call.lag = Math.max(call.lag, reading.lag);
  if (call.end === 'open') return call;
  blame(reading, 'ended_twice', `${fact.permit} was ${how} although it had been ${call.end} before.`, place);
  return undefined;
}

/** Nobody calls until then. Upstream's word is never shortened by another of its words, an operator's last one counts. */
function readPaused(reading: Reading, fact: FactOf<'paused'>): void {
  const budget = budgetOf(reading, fact);
  const { pausedUntil } = budget;
  if (fact.by === 'operator') {
    pausedUntil.operator = fact.until;
    return;
  }
  pausedUntil.upstream = Math.max(pausedUntil.upstream, fact.until);
  budget.probing = true;
  const rejection = rejectionOfThisTurn(budget, reading);
  if (rejection) rejection.closedUntil = fact.until;
}

function readPolicyChanged(reading: Reading, fact: FactOf<'policy_changed'>): void {
  const budget = budgetOf(reading, fact);
  const next = fact.policy ?? reading.rules.documented[fact.endpoint];
  if (isStricter(next, budget.policy)) budget.strictFrom = budget.calls.length;
  budget.policy = next;
  budget.named = fact.policy !== null;
  budget.changes.push({ at: fact.at, timeline: reading.timeline, policy: next });
  const rejection = fact.by === 'upstream' ? rejectionOfThisTurn(budget, reading) : undefined;
  if (rejection && fact.policy) rejection.named = fact.policy;
}

/** A 429, its pause and what it teaches are told in one entry, in this order. */
function rejectionOfThisTurn({ rejections }: BudgetHistory, { sequence }: Reading) {
  const last = rejections.at(-1);
  return last?.sequence === sequence ? last : undefined;
}

/** Calls that were fine under one policy may be too many under another one that is stricter in any way. */
const isStricter = (next: Policy, before: Policy): boolean =>
  next.limit < before.limit || next.windowMs > before.windowMs;

/** What each fact tells. */
const readers: { readonly [Kind in Fact['fact']]: (reading: Reading, fact: FactOf<Kind>) => void } = {
  claimed(reading) {
    reading.claim = reading.sequence;
    reading.claims.add(reading.sequence);
  },
  // What came before is not known: it is for the limiter to wait until none of it can count any more.
  journal_lost(reading, { at }) {
    reading.lostAt = at;
    const says = `At ${when(at)} the journal of before was found to be gone. Which calls it held is not known.`;
    reading.findings.push(remark('journal_lost', says, { sequence: reading.sequence }));
  },
  started: readStarted,
  settled: readSettled,
  // It was never sent: upstream never counts it.
  returned(reading, fact) {
    const call = endingCall(reading, fact);
    if (call) call.end = 'returned';
  },
  rejected: readRejected,
  paused: readPaused,
  resumed(reading, fact) {
    budgetOf(reading, fact).pausedUntil[fact.by] = fact.at;
  },
  policy_changed: readPolicyChanged,
};

export const readFact = (reading: Reading, fact: Fact): void => readers[fact.fact](reading, fact as never);
