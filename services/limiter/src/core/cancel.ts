import type { AskOf } from '@paceline/shared/contracts';
import type { BudgetState } from './budget.ts';
import { leaveLine } from './grant.ts';
import type { Decision } from './turn.ts';

/** Takes a ticket out of the line, or gives back a permit that was not started. */
export function cancel(budget: BudgetState, ask: AskOf<'cancel'>): Decision {
  const waiter = budget.waiting.get(ask.id);
  if (waiter) leaveLine(budget, waiter);
  for (const grant of budget.grants.values()) {
    if (grant.permit === ask.id || grant.ticket === ask.id) budget.grants.delete(grant.permit);
  }
  return { answer: { answer: 'cancelled' }, facts: [] };
}
