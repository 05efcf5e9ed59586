import type { Conflict, Fact, Operation, PermitRequest, PermitRequestOf } from '@paceline/shared/contracts';
import { receiveAcquire, replyToAcquire } from './acquire.ts';
import { evolve } from './evolve.ts';
import { grantAvailable } from './grant.ts';
import { dropIdle } from './idle.ts';
import { budgetOf, endpointOf, type Ledger, requireLatestTerm, requireOwnEpoch, setAlarm } from './ledger.ts';
import { cancel, start } from './permits.ts';
import { operate } from './policy.ts';
import type { Decision, LedgerRequest, Reply, Turn } from './protocol.ts';
import { orderKey } from './queue.ts';
import { settle } from './settle.ts';
import type { EndpointState, Pool } from './state.ts';
import { leftOf } from './views.ts';

/**
 * Decides the requests of one turn and applies their facts to the ledger, in place. All requests are received before
 * anything is granted, so that the most urgent one goes first, not the first one received. A turn touches only the
 * pools of its requests, those whose alarm is due, and a few more to find idle ones. The caller commits the facts
 * before it sends the replies; if that fails, it discards the ledger.
 * @throws {LaterClaimSeen} when a request shows that another limiter has taken over
 */
export function takeTurn(ledger: Ledger, received: readonly LedgerRequest[], now: number): Turn {
  const requests = received.map((request) => clampRequestTime(request, now));
  const facts: Fact[] = [];
  const touched = new Set<Pool>();
  const enqueued = new Set<string>();
  const apply = ({ reply, facts: decided }: Decision): Reply => {
    for (const fact of decided) evolve(ledger, fact);
    facts.push(...decided);
    return reply;
  };
  const acquires: Acquire[] = [];
  const replies = requests.map((request, index) => {
    if (isOperation(request)) {
      const budget = budgetOf(ledger, request.account, request.endpoint);
      if (!budget) return unknownName;
      touched.add(budget.pool);
      return apply(operate(budget, request, now));
    }
    const endpoint = endpointOf(ledger, request.account, request.endpoint);
    if (!endpoint) return unknownName;
    touched.add(endpoint.pool);
    if (request.do !== 'acquire') return apply(decide(ledger, endpoint, request, now));
    if (!endpoint.pool.upstream.lanes[request.lane]) return unknownName;
    const key = orderKey(request, endpoint.pool.upstream, ledger.settings);
    acquires.push({ request, endpoint, index, key });
    if (receiveAcquire(ledger, endpoint, request, now)) enqueued.add(request.ticket);
    return undefined;
  });
  for (const pool of duePools(ledger, now)) touched.add(pool);
  const offers = [...touched].flatMap((pool) => grantAvailable(ledger, pool, now));
  const conflicts: Conflict[] = [];
  const replied = new Set<string>();
  for (const { request, endpoint, index } of acquires.sort(inQueueOrder)) {
    replied.add(request.ticket);
    const isNew = enqueued.delete(request.ticket);
    const { reply, conflict } = replyToAcquire(ledger, endpoint, request, isNew, now);
    if (conflict) conflicts.push(conflict);
    replies[index] =
      reply.answer === 'granted' && request.start ? apply(start(ledger, endpoint, reply, now)) : reply;
  }
  dropIdle(ledger, received.length, now);
  return {
    replies: requests.map((request, index) => withLeft(ledger, request, replies[index] as Reply, now)),
    facts,
    offers: offers.filter(({ offer }) => !replied.has(offer.ticket)),
    conflicts,
  };
}

/** What is left counts all that this turn has decided. */
function withLeft(ledger: Ledger, request: LedgerRequest, reply: Reply, now: number): Reply {
  if (reply.answer !== 'started' || !('left' in request) || !request.left) return reply;
  const endpoint = endpointOf(ledger, request.account, request.endpoint);
  return endpoint ? { ...reply, left: endpoint.budgets.map((budget) => leftOf(budget, now)) } : reply;
}

interface Acquire {
  readonly request: PermitRequestOf<'acquire'>;
  readonly endpoint: EndpointState;
  readonly index: number;
  readonly key: number;
}

/** A request that is refused leaves the queue before those behind it get their position. */
const inQueueOrder = (a: Acquire, b: Acquire): number =>
  a.key - b.key || (a.request.ticket < b.request.ticket ? -1 : 1);

/** A limiter with another version of the upstream's file may know it: the client repeats the request. */
const unknownName: Reply = {
  answer: 'unavailable',
  reason: "the limiter's upstream files have no such endpoint, budget or lane",
};

const isOperation = (request: LedgerRequest): request is Operation => request.do in operations;
const operations: Readonly<Record<Operation['do'], true>> = {
  pause: true,
  resume: true,
  release: true,
  set_policy: true,
  forget_policy: true,
};

/** A client whose clock is ahead must not lose its place: a request time in the future counts as now. */
const clampRequestTime = (request: LedgerRequest, now: number): LedgerRequest =>
  request.do === 'acquire' && request.requestedAt > now ? { ...request, requestedAt: now } : request;

function decide(
  ledger: Ledger,
  endpoint: EndpointState,
  request: Exclude<PermitRequest, { do: 'acquire' }>,
  now: number,
): Decision {
  switch (request.do) {
    case 'start':
      requireOwnEpoch(ledger, request.permit);
      return start(ledger, endpoint, request, now);
    case 'settle':
      requireOwnEpoch(ledger, request.permit);
      requireLatestTerm(ledger, request);
      return settle(endpoint, request, now);
    case 'cancel':
      return cancel(ledger, endpoint, request, now);
  }
}

/** Alarms handled per turn; if more are due, the next turn follows immediately. */
const maxAlarms = 500;

/** Takes the pools whose alarm is due. */
function duePools(ledger: Ledger, now: number): Pool[] {
  const pools: Pool[] = [];
  for (let next = ledger.alarms.first(); next && pools.length < maxAlarms; next = ledger.alarms.first()) {
    if ((next.alarmAt ?? 0) > now) break;
    pools.push(next);
    // `grantAvailable` sets the next one.
    setAlarm(ledger, next, undefined);
  }
  return pools;
}
