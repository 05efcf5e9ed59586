import type { AskOf } from '@paceline/shared/contracts';
import { budgetOf, type Ledger } from './budget.ts';
import { answered, type Decision } from './decision.ts';
import { leaveLine } from './grant.ts';

/** Takes a ticket out of the line, or gives back a permit that was not started. */
export function cancel(ledger: Ledger, ask: AskOf<'cancel'>): Decision {
  const budget = budgetOf(ledger, ask.account, ask.endpoint);
  const waiter = budget.waiting.get(ask.id);
  if (waiter) leaveLine(budget, waiter);
  for (const grant of budget.grants.values()) {
    if (grant.permit === ask.id || grant.ticket === ask.id) budget.grants.delete(grant.permit);
  }
  return answered({ answer: 'cancelled' });
}
