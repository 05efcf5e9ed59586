import type { Conflict, Interval, PermitReply, PermitRequestOf } from '@paceline/shared/contracts';
import { type Lane, lanes } from '@paceline/shared/definition';
import type { BudgetState, Grant } from './budget.ts';
import { estimateFor, countOvertaker } from './estimate.ts';
import { goneAfter, join, leave } from './grant.ts';
import { isFor, type Ledger, newsOf } from './ledger.ts';
import { startedAnswer } from './permits.ts';
import { firstInLine, isForced, orderKey, positionOf, stillHere, type Waiter } from './queue.ts';
import { counted, freeAt, isPaused } from './window.ts';

/** Takes a ticket into the line, or notes that its asker is still there. Returns whether it is new. */
export function hearAcquire(
  ledger: Ledger,
  budget: BudgetState,
  ask: PermitRequestOf<'acquire'>,
  now: number,
): boolean {
  const known = budget.queue.byTicket.get(ask.ticket);
  if (known) {
    stillHere(budget.queue, known, goneAfter(ledger, now));
    return false;
  }
  if (liveGrant(budget, ask.ticket, now) || startedFor(budget, ask.ticket)) return false;
  if (isForced(ask.lane)) countOvertaker(budget, now);
  join(ledger, budget, newcomer(ledger, ask, now));
  return true;
}

/** The answer to a ticket once all were served: its permit, its place with reason and time, or that it is too late. */
export function answerAcquire(
  ledger: Ledger,
  budget: BudgetState,
  ask: PermitRequestOf<'acquire'>,
  isNew: boolean,
  now: number,
): { answer: PermitReply; conflict?: Conflict | undefined } {
  const started = startedFor(budget, ask.ticket);
  if (started) return { answer: startedAnswer(started, now, ledger.settings) };
  const grant = liveGrant(budget, ask.ticket, now);
  if (grant) return { answer: { answer: 'granted', permit: grant.permit, startBy: grant.startBy } };
  const waiter = budget.queue.byTicket.get(ask.ticket) ?? newcomer(ledger, ask, now);
  const position = positionOf(budget.queue, waiter);
  const estimatedAt = estimateFor(budget, waiter, position, now);
  if (isTooLate(budget, ask, position, now)) {
    leave(ledger, budget, waiter);
    const earliest = Math.max(estimatedAt, (ask.deadline ?? 0) + 1);
    return { answer: { answer: 'refused', reason: 'deadline_unreachable', earliest } };
  }
  waiter.estimate ??= estimatedAt;
  const answer: PermitReply = {
    answer: 'waiting',
    position,
    ahead: position - 1,
    reason: reasonFor(budget, position, now),
    estimatedAt,
    // What its patience was counted from: more may have come in this turn.
    retryIn: (waiter.goneAt - now) / ledger.settings.missedHeartbeatsAllowed / ledger.settings.scale,
  };
  return isNew ? { answer, conflict: noteConflict(ledger, budget, ask, estimatedAt, now) } : { answer };
}

const newcomer = (ledger: Ledger, ask: PermitRequestOf<'acquire'>, now: number): Waiter => ({
  ask,
  key: orderKey(ask, ledger.settings),
  goneAt: goneAfter(ledger, now),
  estimate: ask.firstEstimate,
});

const liveGrant = ({ grants }: BudgetState, ticket: string, now: number): Grant | undefined =>
  grants.find((grant) => grant.ticket === ticket && grant.startBy > now);

/** An ask that started at once, and whose answer was lost, is answered the same. */
const startedFor = ({ record }: BudgetState, ticket: string): Interval | undefined =>
  record.intervals.find(({ permit }) => isFor(permit, ticket));

/**
 * Whether the deadline would pass first even when every open call were answered at once. A place that is kept may be
 * had by whoever goes before a forced one that waits.
 */
function isTooLate(
  budget: BudgetState,
  { deadline, lane }: PermitRequestOf<'acquire'>,
  position: number,
  now: number,
): boolean {
  if (deadline === undefined) return false;
  const everyPlace = isForced(lane) || budget.queue.forced.size > 0;
  return now > deadline || freeAt(budget, now, position, 'best', everyPlace) > deadline;
}

function reasonFor(budget: BudgetState, position: number, now: number) {
  const { upstream, operator } = budget.record.pausedUntil;
  if (isPaused(budget, now))
    return (operator ?? 0) > (upstream ?? 0) ? 'paused_by_operator' : 'paused_by_upstream';
  return position === 1 ? 'waiting_for_window' : 'waiting_in_line';
}

/** What a lane stands for: two lanes of one sync do not stand in each other's way. */
export const syncOf = (lane: Lane): string => lanes[lane].sync ?? lanes[lane].label;

/** A lane that waits because of another sync, once for each ticket; undefined when it waits for its own like. */
export function noteConflict(
  ledger: Ledger,
  budget: BudgetState,
  { account, endpoint, lane }: PermitRequestOf<'acquire'>,
  estimatedAt: number,
  now: number,
): Conflict | undefined {
  const blockedBy = blockers(budget, now).find((other) => syncOf(other) !== syncOf(lane));
  if (!blockedBy) return undefined;
  const expectedWaitMs = Math.max(0, estimatedAt - now);
  const last: Conflict = { account, lane, blockedBy, endpoint, at: now, expectedWaitMs };
  const news = newsOf(ledger, account);
  news.conflicts += 1;
  news.lastConflict = last;
  return last;
}

/** Whose calls fill the window, who holds a permit, and who goes next. */
function blockers(budget: BudgetState, now: number): Lane[] {
  const next = firstInLine(budget.queue, false);
  return [...counted(budget, now), ...budget.grants, ...(next ? [next.ask] : [])].map(({ lane }) => lane);
}
