import type { PermitRequestOf, Fact } from '@paceline/shared/contracts';
import type { BudgetState } from './budget.ts';
import { leave } from './grant.ts';
import type { Ledger } from './ledger.ts';
import { forgetOvertaker } from './promise.ts';
import { isForced } from './queue.ts';
import { isFor } from './superseded.ts';
import type { Decision } from './protocol.ts';

/** Takes a ticket out of the line, or gives its permit back, also one that was started in the same breath. */
export function cancel(
  ledger: Ledger,
  budget: BudgetState,
  { id, account, endpoint }: PermitRequestOf<'cancel'>,
  now: number,
): Decision {
  const waiter = budget.queue.byTicket.get(id);
  if (waiter) leave(ledger, budget, waiter);
  if (waiter && isForced(waiter.ask.lane)) forgetOvertaker(budget);
  budget.grants = budget.grants.filter(({ permit, ticket }) => permit !== id && ticket !== id);
  const started = budget.record.intervals.find(({ permit, settled }) => !settled && isFor(permit, id));
  const facts: Fact[] = started
    ? [{ fact: 'returned', account, endpoint, permit: started.permit, at: now }]
    : [];
  return { answer: { answer: 'cancelled' }, facts };
}
