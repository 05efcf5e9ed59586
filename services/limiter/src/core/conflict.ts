import { type Lane, lanes } from '@paceline/shared/definition';
import type { PermitRequestOf, Conflict } from '@paceline/shared/contracts';
import type { BudgetState } from './budget.ts';
import { type Ledger, newsOf } from './ledger.ts';
import { firstInLine } from './queue.ts';
import type { Settings } from './settings.ts';
import { counted } from './window.ts';

/** What a lane stands for: two lanes of one sync do not stand in each other's way. */
export const syncOf = (lane: Lane): string => lanes[lane].sync ?? lanes[lane].label;

/** A lane that has to wait because of another sync: told once for each ticket, when its wait begins; undefined when it waits for its own like. */
export function noteConflict(
  ledger: Ledger,
  budget: BudgetState,
  { account, endpoint, lane }: PermitRequestOf<'acquire'>,
  estimatedAt: number,
  now: number,
  settings: Settings,
): Conflict | undefined {
  const blockedBy = blockers(budget, now, settings).find((other) => syncOf(other) !== syncOf(lane));
  if (!blockedBy) return undefined;
  const expectedWaitMs = Math.max(0, estimatedAt - now);
  const last: Conflict = { account, lane, blockedBy, endpoint, at: now, expectedWaitMs };
  const news = newsOf(ledger, account);
  news.conflicts += 1;
  news.lastConflict = last;
  return last;
}

/** Whose calls fill the window, who holds a permit, and who goes next. */
function blockers(budget: BudgetState, now: number, settings: Settings): Lane[] {
  const next = firstInLine(budget.queue, false);
  return [...counted(budget, settings, now), ...budget.grants, ...(next ? [next.ask] : [])].map(
    ({ lane }) => lane,
  );
}
