import type { PermitRequestOf, Outcome, Fact } from '@paceline/shared/contracts';
import { orderKey } from '@paceline/limiter/core/queue';
import type { LimiterSettings } from '@paceline/limiter/core/settings';
import { budgetIn, createTestLimiter, expiresAfter, withBudget } from '@paceline/limiter/core/testing';
import type { LedgerRequest, Turn } from '@paceline/limiter/core/protocol';
import type { RequestArrival, HistoryStep } from './histories.ts';
import { budgetKey } from './upstream.ts';
import { evolve } from '@paceline/limiter/core/evolve';
import { createLedger } from '@paceline/limiter/core/ledger';
import { takeTurn } from '@paceline/limiter/core/turn';
import type { BudgetState } from '@paceline/limiter/core/state';

export type Acquire = PermitRequestOf<'acquire'>;

/** A request in the model's queue. */
interface Queued {
  readonly request: Acquire;
  readonly expiresAt: number;
}

/** What one turn decided, and the model's queue after it. */
export interface StepResult {
  readonly turn: Turn;
  readonly acquires: readonly Acquire[];
  /** The requests that still wait: not granted, refused or expired. */
  readonly queue: readonly Acquire[];
  /** The granted requests, each with those that were ahead of it and still wait. */
  readonly granted: ReadonlyArray<{ readonly request: Acquire; readonly skipped: readonly Acquire[] }>;
}

/** A limiter beside the simplest model of its queue: a list, from which requests are removed once they are decided. */
export interface QueueModel {
  readonly limiter: ReturnType<typeof createTestLimiter>;
  readonly settings: LimiterSettings;
  queue(): readonly Acquire[];
  /** A request that arrives now. */
  newRequest(arrival: RequestArrival): Acquire;
  perform(step: HistoryStep): StepResult;
}

/** One function: every step reads and rewrites the model's list. */
export function createQueueModel(limit: number, reserve: number): QueueModel {
  const using = withBudget(budgetKey.endpoint, { policy: { limit, windowMs: 60_000 }, reserve });
  const limiter = createTestLimiter(budgetKey.endpoint, using);
  let queue: Queued[] = [];
  let tickets = 0;
  const permits: string[] = [];
  const started: string[] = [];

  function take(requests: readonly LedgerRequest[]): StepResult {
    const turn = limiter.take(...requests);
    const acquires = requests.filter((request) => request.do === 'acquire');
    const now = limiter.now();
    for (const request of acquires) {
      queue = [
        ...queue.filter((each) => each.request.ticket !== request.ticket),
        { request, expiresAt: now + expiresAfter },
      ];
    }
    queue = queue.filter(({ expiresAt }) => expiresAt > now);
    const permitOf = new Map(turn.offers.map(({ offer }) => [offer.ticket, offer.permit]));
    const refused = new Set<string>();
    for (const [index, reply] of turn.replies.entries()) {
      const request = requests[index];
      if (request?.do !== 'acquire') continue;
      if (reply.answer === 'granted') permitOf.set(request.ticket, reply.permit);
      if (reply.answer === 'refused') refused.add(request.ticket);
    }
    permits.push(...permitOf.values());
    const leaving = queue.filter(({ request }) => permitOf.has(request.ticket));
    queue = queue.filter(({ request }) => !permitOf.has(request.ticket) && !refused.has(request.ticket));
    const granted = leaving.map(({ request }) => ({ request, skipped: aheadOf(request) }));
    // A skipped request had missed its deadline, and has left the queue.
    queue = queue.filter(({ request }) => !granted.some(({ skipped }) => skipped.includes(request)));
    return { turn, acquires, queue: queue.map(({ request }) => request), granted };
  }

  function newRequest({ lane, waited, deadlineIn, inSlot }: RequestArrival): Acquire {
    tickets += 1;
    return {
      do: 'acquire',
      ...budgetKey,
      ticket: `t${String(tickets).padStart(3, '0')}`,
      lane,
      requestedAt: limiter.now() - waited,
      offerTo: 'client',
      trace: {},
      ...(deadlineIn === undefined ? {} : { deadline: limiter.now() + deadlineIn }),
      ...(inSlot ? { slotId: 'slot' } : {}),
    };
  }

  const aheadOf = (request: Acquire): Acquire[] =>
    queue.map((each) => each.request).filter((other) => goesBefore(other, request, using));

  return {
    limiter,
    settings: using,
    queue: () => queue.map(({ request }) => request),
    newRequest,
    perform(step) {
      switch (step.do) {
        case 'arrive':
          return take(step.arrivals.map(newRequest));
        case 'repeat':
          return take([...new Set(step.indexes.flatMap((index) => pick(queue, index)?.request ?? []))]);
        case 'start': {
          const permit = pick(permits, step.index);
          if (permit === undefined) return take([]);
          started.push(permit);
          return take([{ do: 'start', ...budgetKey, permit, trace: {} }]);
        }
        case 'settle': {
          const permit = pick(started, step.index);
          const { outcome } = step;
          return take(permit === undefined ? [] : [{ do: 'settle', ...budgetKey, permit, outcome }]);
        }
        case 'cancel': {
          const cancelled = pick(queue, step.index);
          queue = queue.filter((each) => each !== cancelled);
          return take(cancelled ? [{ do: 'cancel', ...budgetKey, id: cancelled.request.ticket }] : []);
        }
        case 'pause':
          return take([{ do: 'pause', ...budgetKey, until: limiter.now() + step.forMs }]);
        case 'set_policy':
          return take([{ do: 'set_policy', ...budgetKey, policy: step.policy }]);
        case 'pass':
          limiter.pass(step.ms);
          return take([]);
      }
    },
  };
}

const pick = <Item>(all: readonly Item[], index: number): Item | undefined =>
  all[index % Math.max(1, all.length)];

/** The order of the queue. */
export function goesBefore(a: Acquire, b: Acquire, using: LimiterSettings): boolean {
  const { zwiftracing } = using.upstreams;
  if (!zwiftracing) throw new Error('no upstream');
  const [x, y] = [orderKey(a, zwiftracing, using), orderKey(b, zwiftracing, using)];
  return x === y ? a.ticket < b.ticket : x < y;
}

export const answered: Outcome = { result: 'answered', status: 200 };

/**
 * The earliest time at which `last` can start: every open call is answered now, every permit is used at once, every
 * call is answered at once, and no request arrives; but those ahead of it stay.
 */
export function earliestStart({ limiter, settings: using, queue }: QueueModel, last: Acquire): number {
  const neverExpiring = { ...using, missedHeartbeatsAllowed: 1e9 };
  let now = limiter.now();
  const budget = budgetIn(limiter.ledger(), budgetKey.endpoint);
  const ledger = createLedger(2, neverExpiring);
  for (const fact of [...limiter.facts, ...factsThatEnd(budget, now)]) evolve(ledger, fact);

  const offered: Array<{ ticket: string; permit: string }> = [];
  const take = (...requests: LedgerRequest[]) => {
    const { offers, replies } = takeTurn(ledger, requests, now);
    offered.push(...offers.map(({ offer }) => offer));
    for (const [index, reply] of replies.entries()) {
      const request = requests[index];
      if (reply.answer === 'granted' && request?.do === 'acquire')
        offered.push({ ticket: request.ticket, permit: reply.permit });
    }
  };
  take(...[...queue(), last].map((request) => ({ ...request, deadline: undefined })));
  for (let turns = 0; turns < 1_000; turns += 1) {
    for (let next = offered.shift(); next; next = offered.shift()) {
      if (next.ticket === last.ticket) return now;
      take({ do: 'start', ...budgetKey, permit: next.permit, trace: {} });
      take({ do: 'settle', ...budgetKey, permit: next.permit, outcome: answered });
    }
    now = Math.max(now, ledger.alarms.first()?.alarmAt ?? Infinity);
    take();
  }
  throw new Error('it never starts');
}

/** Facts that end every call that is open or about to be made. */
function factsThatEnd(budget: BudgetState | undefined, now: number): Fact[] {
  if (!budget) return [];
  const settled = (permit: string, arrivesBy: number): Fact => ({
    fact: 'settled',
    ...budgetKey,
    permit,
    arrivesBy,
    outcome: answered,
    at: now,
  });
  const open = [...budget.calls].filter((call) => !call.settled);
  const held = [...budget.pool.grants.values()].filter(({ startBy }) => startBy > now);
  return [
    ...open.map(({ permit, arrivesBy }) => settled(permit, Math.min(arrivesBy, now))),
    ...held.flatMap(({ permit, lane, requestedAt }): Fact[] => {
      const interval = { permit, lane, startedAt: now, arrivesBy: now, settled: false };
      return [
        { fact: 'started', ...budgetKey, interval, requestedAt, firstEstimate: null },
        settled(permit, now),
      ];
    }),
  ];
}
