import type { FactOf, Policy } from '@paceline/shared/contracts';
import type { BudgetHistory } from './history.ts';
import { budgetOf, type Reading } from './reading.ts';

/** Nobody calls until then. Upstream's word is never shortened by another of its words, an operator's last one counts. */
export function readPaused(reading: Reading, fact: FactOf<'paused'>): void {
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

export function readResumed(reading: Reading, fact: FactOf<'resumed'>): void {
  budgetOf(reading, fact).pausedUntil[fact.by] = fact.at;
}

export function readPolicyChanged(reading: Reading, fact: FactOf<'policy_changed'>): void {
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
