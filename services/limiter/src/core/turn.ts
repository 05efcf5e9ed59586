import type { Conflict, Fact } from '@paceline/shared/contracts';
import { receiveAcquire, replyToAcquire } from './acquire.ts';
import type { BudgetState } from './budget.ts';
import { evolve } from './evolve.ts';
import { grantAvailable } from './grant.ts';
import { dropIdle } from './idle.ts';
import { budgetOf, type Ledger, requireLatestTerm, requireOwnEpoch, setAlarm } from './ledger.ts';
import { cancel, start } from './permits.ts';
import { operate } from './policy.ts';
import type { Decision, LedgerRequest, Reply, Turn } from './protocol.ts';
import { orderKey } from './queue.ts';
import type { LimiterSettings } from './settings.ts';
import { settle } from './settle.ts';

/**
 * Decides the requests of one turn and applies their facts to the ledger, in place. All requests are received before
 * anything is granted, so that the most urgent one goes first, not the first one received. A turn touches only the
 * budgets of its requests, those whose alarm is due, and a few more to find idle ones. The caller commits the facts
 * before it sends the replies; if that fails, it discards the ledger.
 * @throws {LaterClaimSeen} when a request shows that another limiter has taken over
 */
export function takeTurn(ledger: Ledger, received: readonly LedgerRequest[], now: number): Turn {
  const requests = received.map((request) => clampRequestTime(request, now));
  const facts: Fact[] = [];
  const touched = new Set<BudgetState>();
  const enqueued = new Set<string>();
  const apply = ({ reply, facts: decided }: Decision): Reply => {
    for (const fact of decided) evolve(ledger, fact);
    facts.push(...decided);
    return reply;
  };
  const budgets = requests.map(({ account, endpoint }) => budgetOf(ledger, account, endpoint));
  const replies = requests.map((request, index) => {
    const budget = budgets[index] as BudgetState;
    touched.add(budget);
    if (request.do === 'acquire') {
      if (receiveAcquire(ledger, budget, request, now)) enqueued.add(request.ticket);
      return undefined;
    }
    return apply(decide(ledger, budget, request, now));
  });
  for (const budget of dueBudgets(ledger, now)) touched.add(budget);
  const offers = [...touched].flatMap((budget) => grantAvailable(ledger, budget, now));
  const conflicts: Conflict[] = [];
  const replied = new Set<string>();
  for (const { request, index } of acquiresInOrder(requests, ledger.settings)) {
    replied.add(request.ticket);
    const budget = budgets[index] as BudgetState;
    const isNew = enqueued.delete(request.ticket);
    const { reply, conflict } = replyToAcquire(ledger, budget, request, isNew, now);
    if (conflict) conflicts.push(conflict);
    const { account, endpoint, trace } = request;
    replies[index] =
      reply.answer === 'granted' && request.start
        ? apply(start(ledger, budget, { do: 'start', account, endpoint, permit: reply.permit, trace }, now))
        : reply;
  }
  dropIdle(ledger, received.length, now);
  return {
    replies: replies as readonly Reply[],
    facts,
    offers: offers.filter(({ offer }) => !replied.has(offer.ticket)),
    conflicts,
  };
}

/** A client whose clock is ahead must not lose its place: a request time in the future counts as now. */
const clampRequestTime = (request: LedgerRequest, now: number): LedgerRequest =>
  request.do === 'acquire' && request.requestedAt > now ? { ...request, requestedAt: now } : request;

/** The acquires in queue order: one that is refused leaves the queue before those behind it get their position. */
const acquiresInOrder = (requests: readonly LedgerRequest[], settings: LimiterSettings) =>
  requests
    .flatMap((request, index) =>
      request.do === 'acquire' ? [{ request, index, key: orderKey(request, settings) }] : [],
    )
    .sort((a, b) => a.key - b.key || (a.request.ticket < b.request.ticket ? -1 : 1));

function decide(
  ledger: Ledger,
  budget: BudgetState,
  request: Exclude<LedgerRequest, { do: 'acquire' }>,
  now: number,
): Decision {
  switch (request.do) {
    case 'start':
      requireOwnEpoch(ledger, request.permit);
      return start(ledger, budget, request, now);
    case 'settle':
      requireOwnEpoch(ledger, request.permit);
      requireLatestTerm(ledger, request);
      return settle(budget, request, now);
    case 'cancel':
      return cancel(ledger, budget, request, now);
    default:
      return operate(budget, request, now);
  }
}

/** Alarms handled per turn; if more are due, the next turn follows immediately. */
const maxAlarms = 500;

/** Takes the budgets whose alarm is due. */
function dueBudgets(ledger: Ledger, now: number): BudgetState[] {
  const budgets: BudgetState[] = [];
  for (let next = ledger.alarms.first(); next && budgets.length < maxAlarms; next = ledger.alarms.first()) {
    if ((next.alarmAt ?? 0) > now) break;
    budgets.push(next);
    // `grantAvailable` sets the next one.
    setAlarm(ledger, next, undefined);
  }
  return budgets;
}
