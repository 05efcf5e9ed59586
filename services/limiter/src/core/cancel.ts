import type { AskOf } from '@paceline/shared/contracts';
import type { BudgetState } from './budget.ts';
import { leave } from './grant.ts';
import type { Ledger } from './ledger.ts';
import type { Decision } from './turn.ts';

/** Takes a ticket out of the line, or gives back a permit that was not started. */
export function cancel(ledger: Ledger, budget: BudgetState, ask: AskOf<'cancel'>): Decision {
  const waiter = budget.queue.byTicket.get(ask.id);
  if (waiter) leave(ledger, budget, waiter);
  budget.grants = budget.grants.filter(({ permit, ticket }) => permit !== ask.id && ticket !== ask.id);
  return { answer: { answer: 'cancelled' }, facts: [] };
}
