import type { Conflict, Fact } from '@paceline/shared/contracts';
import { answerAcquire, hearAcquire } from './acquire.ts';
import type { BudgetState } from './budget.ts';
import { evolve } from './evolve.ts';
import { serve } from './grant.ts';
import { dropIdle } from './idle.ts';
import { budgetOf, demandOurs, type Ledger, setAlarm } from './ledger.ts';
import { cancel, start } from './permits.ts';
import { operate } from './policy.ts';
import type { Decision, LedgerRequest, Reply, Turn } from './protocol.ts';
import { orderKey } from './queue.ts';
import type { Settings } from './settings.ts';
import { settle } from './settle.ts';

/**
 * Decides the requests of one turn and takes their facts into the ledger, which it changes in place. All are heard
 * before any is served: the most urgent goes first, not the one that was heard first. It looks only at the budgets of
 * these requests, at those whose alarm goes off, and at a few more to find idle ones. The caller commits the facts
 * before it passes the answers on; when it can't, it throws the ledger away.
 * @throws {Superseded} when a request shows that another limiter has taken over since
 */
export function takeTurn(ledger: Ledger, asked: readonly LedgerRequest[], now: number): Turn {
  const requests = asked.map((request) => notInFuture(request, now));
  const facts: Fact[] = [];
  const touched = new Set<BudgetState>();
  const joined = new Set<string>();
  const taken = ({ answer, facts: decided }: Decision): Reply => {
    for (const fact of decided) evolve(ledger, fact);
    facts.push(...decided);
    return answer;
  };
  const heard = requests.map((request) => {
    const budget = budgetOf(ledger, request.account, request.endpoint);
    touched.add(budget);
    if (request.do === 'acquire') {
      if (hearAcquire(ledger, budget, request, now)) joined.add(request.ticket);
      return undefined;
    }
    return taken(decide(ledger, budget, request, now));
  });
  for (const budget of due(ledger, now)) touched.add(budget);
  const offers = [...touched].flatMap((budget) => serve(ledger, budget, now));
  const conflicts: Conflict[] = [];
  const answered = new Set<string>();
  for (const { request, index } of inLine(requests, ledger.settings)) {
    answered.add(request.ticket);
    const budget = budgetOf(ledger, request.account, request.endpoint);
    const isNew = joined.delete(request.ticket);
    const { answer, conflict } = answerAcquire(ledger, budget, request, isNew, now);
    if (conflict) conflicts.push(conflict);
    const { account, endpoint, trace } = request;
    heard[index] =
      answer.answer === 'granted' && request.start
        ? taken(start(budget, { do: 'start', account, endpoint, permit: answer.permit, trace }, now))
        : answer;
  }
  dropIdle(ledger, asked.length, now);
  const answers = heard as readonly Reply[];
  return { answers, facts, offers: offers.filter(({ offer }) => !answered.has(offer.ticket)), conflicts };
}

/** Nobody has asked in the future: an asker's clock that is ahead costs it no place. */
const notInFuture = (request: LedgerRequest, now: number): LedgerRequest =>
  request.do === 'acquire' && request.requestedAt > now ? { ...request, requestedAt: now } : request;

/** Those who ask for a permit, whoever goes first before the others: who is refused stands in nobody's way. */
const inLine = (requests: readonly LedgerRequest[], settings: Settings) =>
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
      demandOurs(ledger, request.permit);
      return start(budget, request, now);
    case 'settle':
      demandOurs(ledger, request.permit);
      return settle(budget, request, now);
    case 'cancel':
      return cancel(ledger, budget, request, now);
    default:
      return operate(budget, request, now);
  }
}

/** As many alarms go off in one turn: the next turn comes at once. */
const mostAlarms = 500;

/** Takes the budgets in which something has become free by the mere passing of time. */
function due(ledger: Ledger, now: number): BudgetState[] {
  const budgets: BudgetState[] = [];
  for (let next = ledger.alarms.first(); next && budgets.length < mostAlarms; next = ledger.alarms.first()) {
    if ((next.alarmAt ?? 0) > now) break;
    budgets.push(next);
    // Whoever serves it sets the next one.
    setAlarm(ledger, next, undefined);
  }
  return budgets;
}
