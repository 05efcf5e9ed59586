import type { AskOf, Conflict } from '@paceline/shared/contracts';
import { type BudgetState, budgetOf, type Ledger } from './budget.ts';
import { noteConflict } from './conflict.ts';
import { answered, type Decision } from './decision.ts';
import { grantFree, joinLine, leaveLine } from './grant.ts';
import { orderKey, placeOf, type Waiter } from './queue.ts';
import type { Settings } from './settings.ts';
import { freeAt } from './window.ts';

/** Grants at once, or gives a place in line with its reason and time, or refuses a deadline that can't be met. */
export function acquire(ledger: Ledger, ask: AskOf<'acquire'>, now: number, settings: Settings): Decision {
  const budget = budgetOf(ledger, ask.account, ask.endpoint);
  const known = budget.waiting.get(ask.ticket);
  const waiter = known ?? { ask, key: orderKey(ask, settings), lastAskedAt: now };
  waiter.lastAskedAt = now;
  if (!known && !grantOf(budget, ask.ticket)) joinLine(budget, waiter);
  const offers = grantFree(ledger, budget, now, settings);

  const mine = grantOf(budget, ask.ticket);
  if (mine) {
    const others = offers.filter(({ offer }) => offer.ticket !== ask.ticket);
    return answered({ answer: 'granted', permit: mine.permit, startBy: mine.startBy }, { offers: others });
  }
  const earliest = unmeetable(budget, waiter, now, settings);
  if (earliest !== undefined) {
    leaveLine(budget, waiter);
    return answered({ answer: 'refused', reason: 'deadline_unreachable', earliest }, { offers });
  }
  const conflicts: Conflict[] = known ? [] : noteConflict(ledger, budget, waiter, now, settings);
  return answered(waiting(budget, waiter, now, settings), { offers, conflicts });
}

const grantOf = (budget: BudgetState, ticket: string) =>
  [...budget.grants.values()].find((grant) => grant.ticket === ticket);

const positionOf = (budget: BudgetState, waiter: Waiter): number => placeOf(budget.queue, waiter) + 1;

/** The time that could be met, when even with every open call answered at once the deadline would pass first. */
function unmeetable(
  budget: BudgetState,
  waiter: Waiter,
  now: number,
  settings: Settings,
): number | undefined {
  const { deadline } = waiter.ask;
  if (deadline === undefined) return undefined;
  const position = positionOf(budget, waiter);
  if (freeAt(budget, settings, now, position, 'best') <= deadline && now < deadline) return undefined;
  return Math.ceil(Math.max(freeAt(budget, settings, now, position, 'typical'), deadline + 1));
}

function waiting(budget: BudgetState, waiter: Waiter, now: number, settings: Settings): Decision['answer'] {
  const position = positionOf(budget, waiter);
  const paused = budget.record.pausedUntil !== null && budget.record.pausedUntil > now;
  return {
    answer: 'waiting',
    position,
    ahead: position - 1,
    reason: paused ? 'paused_by_upstream' : position === 1 ? 'waiting_for_window' : 'waiting_in_line',
    estimatedAt: Math.ceil(freeAt(budget, settings, now, position, 'typical')),
    askAgainIn: settings.askAgainIn,
  };
}
