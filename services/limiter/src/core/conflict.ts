import type { Conflict, Lane, SyncKind } from '@paceline/shared/contracts';
import type { BudgetState, Ledger } from './budget.ts';
import { placeOf, type Waiter } from './queue.ts';
import type { Settings } from './settings.ts';
import { counted, freeAt } from './window.ts';

/** The sync that a lane belongs to: an urgent event does not stand in the way of another near one, it is the same sync. */
const syncOf: Record<Lane, 'add rider' | SyncKind> = {
  manual_rider_add: 'add rider',
  near_event_urgent: 'near',
  near_event_normal: 'near',
  rider_sync: 'rider',
  far_event_sync: 'far',
};

/** A lane that has to wait because of another sync: told once for each ticket, when its wait begins; undefined when it waits for its own like. */
export function noteConflict(
  ledger: Ledger,
  budget: BudgetState,
  waiter: Waiter,
  now: number,
  settings: Settings,
): Conflict | undefined {
  const { account, endpoint, lane } = waiter.ask;
  const blockedBy = blockers(budget, waiter, now, settings).find((other) => syncOf[other] !== syncOf[lane]);
  if (!blockedBy) return undefined;
  const position = placeOf(budget.queue, waiter) + 1;
  const expectedWaitMs = Math.max(0, freeAt(budget, settings, now, position, 'typical') - now);
  const last: Conflict = { account, lane, blockedBy, endpoint, at: now, expectedWaitMs };
  ledger.conflicts.set(account, { count: (ledger.conflicts.get(account)?.count ?? 0) + 1, last });
  return last;
}

/** Whose calls fill the window, who holds a permit, and who stands ahead. */
function* blockers(budget: BudgetState, waiter: Waiter, now: number, settings: Settings): Generator<Lane> {
  for (const { lane } of counted(budget, settings, now)) yield lane;
  for (const { lane } of budget.grants.values()) yield lane;
  for (const { ask } of budget.queue) {
    if (ask.ticket === waiter.ask.ticket) return;
    yield ask.lane;
  }
}
