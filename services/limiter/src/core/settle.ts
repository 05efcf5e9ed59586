import type { AskOf, Fact } from '@paceline/shared/contracts';
import { type BudgetState, budgetOf, type Ledger } from './budget.ts';
import { answered, type Decision } from './decision.ts';
import { findInterval } from './evolve.ts';
import type { Settings } from './settings.ts';

/**
 * Books how a call ended. An answered call arrived before now, so the window counts from now; one without an answer
 * may still arrive for a while. Asked again, it changes nothing.
 */
export function settle(ledger: Ledger, ask: AskOf<'settle'>, now: number, settings: Settings): Decision {
  const budget = budgetOf(ledger, ask.account, ask.endpoint);
  const interval = findInterval(budget, ask.permit);
  if (!interval || interval.settled) return answered({ answer: 'settled' });
  const { account, endpoint, permit, outcome } = ask;
  if (outcome.result === 'not_sent') {
    return answered(
      { answer: 'settled' },
      { facts: [{ fact: 'returned', account, endpoint, permit, at: now }] },
    );
  }
  const latestAt = outcome.result === 'answered' ? now : now + settings.guard;
  const facts: Fact[] = [{ fact: 'settled', account, endpoint, permit, latestAt, outcome, at: now }];
  if (outcome.status === 429) facts.push(...afterRejection(budget, ask, now, settings));
  return answered({ answer: 'settled' }, { facts });
}

const quarterHour = 900_000;

/** Upstream said no: the budget closes for everybody until the moment it named, and its policy is taken over. */
function afterRejection(
  budget: BudgetState,
  { account, endpoint, outcome }: AskOf<'settle'>,
  now: number,
  settings: Settings,
): Fact[] {
  const failures = budget.record.failures + 1;
  const unnamed = Math.min(quarterHour, 1_000 * 2 ** failures);
  const until = now + (outcome.retryAfterMs ?? unnamed) + settings.epsilon;
  const facts: Fact[] = [{ fact: 'paused', account, endpoint, at: now, until, failures }];
  if (outcome.learned) facts.push({ fact: 'learned', account, endpoint, policy: outcome.learned });
  return facts;
}
