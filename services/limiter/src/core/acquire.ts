import type { Conflict, PermitReply, PermitRequestOf } from '@paceline/shared/contracts';
import { behindOthers, earliestFor, estimateFor, recordForcedArrival } from './estimate.ts';
import { dequeue, enqueue, expiryFrom } from './grant.ts';
import { lastFree } from './free-permits.ts';
import { type Ledger, statsOf } from './ledger.ts';
import { startedReply } from './permits.ts';
import { callOfTicket } from './pool.ts';
import { headsOf, isForced, orderKey, positionOf, renewWaiter } from './queue.ts';
import { countedSince, isPaused, pausedUntil } from './window.ts';
import type { BudgetState, EndpointState, Grant, Waiter } from './state.ts';

/** Adds a request to the queue, or renews it as a heartbeat. Returns whether it was added. */
export function receiveAcquire(
  ledger: Ledger,
  endpoint: EndpointState,
  request: PermitRequestOf<'acquire'>,
  now: number,
): boolean {
  const known = endpoint.pool.queue.byTicket.get(request.ticket);
  if (known) {
    renewWaiter(known, expiryFrom(ledger, now));
    return false;
  }
  if (openGrant(endpoint, request.ticket, now) || callOfTicket(endpoint, request.ticket)) return false;
  const waiter = newWaiter(ledger, endpoint, request, now);
  if (waiter.forced) recordForcedArrival(endpoint, now);
  enqueue(ledger, waiter);
  return true;
}

/** The reply once everything free was granted: the permit, a position with reason and estimate, or a refusal. */
export function replyToAcquire(
  ledger: Ledger,
  endpoint: EndpointState,
  request: PermitRequestOf<'acquire'>,
  isNew: boolean,
  now: number,
): { reply: PermitReply; conflict?: Conflict | undefined } {
  // A request whose reply was lost gets the same reply again.
  const started = callOfTicket(endpoint, request.ticket);
  if (started) return { reply: startedReply(ledger, started, now) };
  const grant = openGrant(endpoint, request.ticket, now);
  if (grant) return { reply: { answer: 'granted', permit: grant.permit, startBy: grant.startBy } };
  const waiter =
    endpoint.pool.queue.byTicket.get(request.ticket) ?? newWaiter(ledger, endpoint, request, now);
  const position = positionOf(waiter);
  const estimatedAt = estimateFor(waiter, now).at;
  const { deadline } = request;
  if (deadline !== undefined && (now > deadline || earliestFor(waiter, now) > deadline)) {
    dequeue(ledger, waiter);
    const earliest = Math.max(estimatedAt, deadline + 1);
    const reason = pauseOf(endpoint, now) ?? 'deadline_unreachable';
    return { reply: { answer: 'refused', reason, earliest } };
  }
  waiter.firstEstimate ??= estimatedAt;
  const reply: PermitReply = {
    answer: 'waiting',
    position,
    ahead: position - 1,
    reason: pauseOf(endpoint, now) ?? (position === 1 ? 'waiting_for_window' : 'waiting_in_line'),
    budget: lastFree(endpoint, waiter.forced, now).record.endpoint,
    estimatedAt,
    // Derived from its own expiry: the interval may have grown with later requests of this turn.
    retryIn: (waiter.expiresAt - now) / ledger.settings.missedHeartbeatsAllowed / ledger.settings.scale,
  };
  return isNew ? { reply, conflict: recordConflict(ledger, waiter, now) } : { reply };
}

function newWaiter(
  ledger: Ledger,
  endpoint: EndpointState,
  request: PermitRequestOf<'acquire'>,
  now: number,
): Waiter {
  const { upstream } = endpoint.pool;
  return {
    request,
    endpoint,
    forced: isForced(upstream, request.lane),
    key: orderKey(request, upstream, ledger.settings),
    expiresAt: expiryFrom(ledger, now),
    firstEstimate: request.firstEstimate,
  };
}

function openGrant({ pool }: EndpointState, ticket: string, now: number): Grant | undefined {
  const grant = pool.grants.get(ticket);
  return grant && grant.startBy > now ? grant : undefined;
}

/** Who pauses the endpoint's budgets, of several pauses the one that ends last. */
function pauseOf({ budgets }: EndpointState, now: number) {
  const [last] = budgets
    .filter((budget) => isPaused(budget, now))
    .sort((a, b) => pausedUntil(b) - pausedUntil(a));
  if (!last) return undefined;
  const { upstream, operator } = last.record.pausedUntil;
  return (operator ?? 0) > (upstream ?? 0) ? 'paused_by_operator' : 'paused_by_upstream';
}

/** Records that a request waits because of another sync; undefined when it waits for its own. */
export function recordConflict(ledger: Ledger, waiter: Waiter, now: number): Conflict | undefined {
  const { account, endpoint, lane } = waiter.request;
  const { at: freeAt, budget } = behindOthers(waiter, now);
  const blockedBy = blockingLane(waiter, budget, now);
  if (blockedBy === undefined) return undefined;
  const expectedWaitMs = Math.max(0, Math.ceil(freeAt) - now);
  const of = { endpoint, budget: budget.record.endpoint };
  const conflict: Conflict = { account, lane, blockedBy, ...of, at: now, expectedWaitMs };
  const stats = statsOf(ledger, account);
  stats.conflicts += 1;
  stats.lastConflict = conflict;
  return conflict;
}

/** The first lane of another sync: of the calls in the window, then of held permits, then of the next waiter. */
function blockingLane({ endpoint, request }: Waiter, budget: BudgetState, now: number): string | undefined {
  const { pool } = endpoint;
  const syncOf = (lane: string) => pool.upstream.lanes[lane]?.sync ?? lane;
  const isOther = (other: { readonly lane: string }) => syncOf(other.lane) !== syncOf(request.lane);
  const since = countedSince(budget, now);
  for (const call of budget.calls) if (call.arrivesBy > since && isOther(call)) return call.lane;
  for (const grant of pool.grants.values())
    if (grant.endpoint.budgets.includes(budget) && isOther(grant)) return grant.lane;
  const next = headsOf(pool).find((head) => head.endpoint.budgets.includes(budget))?.request;
  return next && isOther(next) ? next.lane : undefined;
}
