import type { Conflict, PermitReply, PermitRequestOf } from '@paceline/shared/contracts';
import { type Lane, lanes } from '@paceline/shared/definition';
import type { BudgetState, Grant } from './budget.ts';
import { estimateFor, recordForcedArrival } from './estimate.ts';
import { dequeue, enqueue, expiryFrom } from './grant.ts';
import { type Ledger, statsOf } from './ledger.ts';
import { startedReply } from './permits.ts';
import { isForced, nextWaiter, orderKey, positionOf, renewWaiter, type Waiter } from './queue.ts';
import { countedSince, freeAt, isPaused } from './window.ts';

/** Adds a request to the queue, or renews it as a heartbeat. Returns whether it was added. */
export function receiveAcquire(
  ledger: Ledger,
  budget: BudgetState,
  request: PermitRequestOf<'acquire'>,
  now: number,
): boolean {
  const known = budget.queue.byTicket.get(request.ticket);
  if (known) {
    renewWaiter(budget.queue, known, expiryFrom(ledger, now));
    return false;
  }
  if (openGrant(budget, request.ticket, now) || budget.calls.ofTicket(request.ticket)) return false;
  if (isForced(request.lane)) recordForcedArrival(budget, now);
  enqueue(ledger, budget, newWaiter(ledger, request, now));
  return true;
}

/** The reply once everything free was granted: the permit, a position with reason and estimate, or a refusal. */
export function replyToAcquire(
  ledger: Ledger,
  budget: BudgetState,
  request: PermitRequestOf<'acquire'>,
  isNew: boolean,
  now: number,
): { reply: PermitReply; conflict?: Conflict | undefined } {
  // A request whose reply was lost gets the same reply again.
  const started = budget.calls.ofTicket(request.ticket);
  if (started) return { reply: startedReply(ledger, started, now) };
  const grant = openGrant(budget, request.ticket, now);
  if (grant) return { reply: { answer: 'granted', permit: grant.permit, startBy: grant.startBy } };
  const waiter = budget.queue.byTicket.get(request.ticket) ?? newWaiter(ledger, request, now);
  const position = positionOf(budget.queue, waiter);
  const estimatedAt = estimateFor(budget, waiter, position, now);
  if (missesDeadline(budget, request, position, now)) {
    dequeue(ledger, budget, waiter);
    const earliest = Math.max(estimatedAt, (request.deadline ?? 0) + 1);
    const reason = pauseOf(budget, now) ?? 'deadline_unreachable';
    return { reply: { answer: 'refused', reason, earliest } };
  }
  waiter.firstEstimate ??= estimatedAt;
  const reply: PermitReply = {
    answer: 'waiting',
    position,
    ahead: position - 1,
    reason: reasonFor(budget, position, now),
    estimatedAt,
    // Derived from its own expiry: the interval may have grown with later requests of this turn.
    retryIn: (waiter.expiresAt - now) / ledger.settings.missedHeartbeatsAllowed / ledger.settings.scale,
  };
  return isNew ? { reply, conflict: recordConflict(ledger, budget, request, position, now) } : { reply };
}

const newWaiter = (ledger: Ledger, request: PermitRequestOf<'acquire'>, now: number): Waiter => ({
  request,
  key: orderKey(request, ledger.settings),
  expiresAt: expiryFrom(ledger, now),
  firstEstimate: request.firstEstimate,
});

function openGrant({ grants }: BudgetState, ticket: string, now: number): Grant | undefined {
  const grant = grants.get(ticket);
  return grant && grant.startBy > now ? grant : undefined;
}

/**
 * Whether the deadline would pass even if every open call were answered now. Reserved permits count for any request
 * that is ahead of a waiting forced one.
 */
function missesDeadline(
  budget: BudgetState,
  { deadline, lane }: PermitRequestOf<'acquire'>,
  position: number,
  now: number,
): boolean {
  if (deadline === undefined) return false;
  const mayUseReserve = isForced(lane) || budget.queue.forced.size > 0;
  return now > deadline || freeAt(budget, now, position, 'best', mayUseReserve) > deadline;
}

function pauseOf(budget: BudgetState, now: number) {
  const { upstream, operator } = budget.record.pausedUntil;
  if (!isPaused(budget, now)) return undefined;
  return (operator ?? 0) > (upstream ?? 0) ? 'paused_by_operator' : 'paused_by_upstream';
}

const reasonFor = (budget: BudgetState, position: number, now: number) =>
  pauseOf(budget, now) ?? (position === 1 ? 'waiting_for_window' : 'waiting_in_line');

/** The sync a lane belongs to: two lanes of one sync never conflict. */
export const syncOf = (lane: Lane): string => lanes[lane].sync ?? lanes[lane].label;

/** Records that a request waits because of another sync; undefined when it waits for its own. */
export function recordConflict(
  ledger: Ledger,
  budget: BudgetState,
  { account, endpoint, lane }: PermitRequestOf<'acquire'>,
  position: number,
  now: number,
): Conflict | undefined {
  const blockedBy = blockingLane(budget, lane, now);
  if (!blockedBy) return undefined;
  // Without the urgent requests that may overtake it, which the blocking lane does not cause.
  const behindOthers = freeAt(budget, now, position, 'typical', isForced(lane));
  const expectedWaitMs = Math.max(0, Math.ceil(behindOthers) - now);
  const conflict: Conflict = { account, lane, blockedBy, endpoint, at: now, expectedWaitMs };
  const stats = statsOf(ledger, account);
  stats.conflicts += 1;
  stats.lastConflict = conflict;
  return conflict;
}

/** The first lane of another sync: of the calls in the window, then of held permits, then of the next waiter. */
function blockingLane(budget: BudgetState, lane: Lane, now: number): Lane | undefined {
  const isOther = (other: { readonly lane: Lane }) => syncOf(other.lane) !== syncOf(lane);
  const since = countedSince(budget, now);
  for (const call of budget.calls) if (call.arrivesBy > since && isOther(call)) return call.lane;
  for (const grant of budget.grants.values()) if (isOther(grant)) return grant.lane;
  const next = nextWaiter(budget.queue, false)?.request;
  return next && isOther(next) ? next.lane : undefined;
}
