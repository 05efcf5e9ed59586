import type { Answer, AskOf, Conflict } from '@paceline/shared/contracts';
import { type BudgetState, budgetOf, type Ledger } from './budget.ts';
import { noteConflict } from './conflict.ts';
import { joinLine, leaveLine, stillHere, tidy } from './grant.ts';
import { orderKey, placeOf, type Waiter } from './queue.ts';
import type { Settings } from './settings.ts';
import { freeAt, isPaused } from './window.ts';

/** Takes a ticket into the line, or notes that its asker is still there. Returns whether it is new. */
export function hearAcquire(
  budget: BudgetState,
  ask: AskOf<'acquire'>,
  now: number,
  settings: Settings,
): boolean {
  const known = budget.waiting.get(ask.ticket);
  if (known) {
    stillHere(budget, known, now);
    return false;
  }
  tidy(budget, now, settings);
  if (grantOf(budget, ask.ticket)) return false;
  joinLine(budget, { ask, key: orderKey(ask, settings), lastAskedAt: now });
  return true;
}

/** What a ticket is told once everybody was served: its permit, its place with reason and time, or that it is too late. */
export function answerAcquire(
  ledger: Ledger,
  ask: AskOf<'acquire'>,
  isNew: boolean,
  now: number,
  settings: Settings,
): { answer: Answer; conflict?: Conflict | undefined } {
  const budget = budgetOf(ledger, ask.account, ask.endpoint);
  const grant = grantOf(budget, ask.ticket);
  if (grant) return { answer: { answer: 'granted', permit: grant.permit, startBy: grant.startBy } };
  const waiter = budget.waiting.get(ask.ticket) ?? { ask, key: orderKey(ask, settings), lastAskedAt: now };
  const earliest = unmeetable(budget, waiter, now, settings);
  if (earliest !== undefined) {
    leaveLine(budget, waiter);
    return { answer: { answer: 'refused', reason: 'deadline_unreachable', earliest } };
  }
  const conflict = isNew ? noteConflict(ledger, budget, waiter, now, settings) : undefined;
  return { answer: waiting(budget, waiter, now, settings), conflict };
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

function waiting(budget: BudgetState, waiter: Waiter, now: number, settings: Settings): Answer {
  const position = positionOf(budget, waiter);
  const first = position === 1 ? 'waiting_for_window' : 'waiting_in_line';
  return {
    answer: 'waiting',
    position,
    ahead: position - 1,
    reason: isPaused(budget, now) ? 'paused_by_upstream' : first,
    estimatedAt: Math.ceil(freeAt(budget, settings, now, position, 'typical')),
    askAgainIn: settings.askAgainIn,
  };
}
