import type { PermitRequestOf, Outcome, Fact } from '@paceline/shared/contracts';
import { orderKey } from '@paceline/limiter/core/queue';
import type { Settings } from '@paceline/limiter/core/settings';
import { createTestLimiter, forgetAfter, settings } from '@paceline/limiter/core/testing';
import type { LedgerRequest, Turn } from '@paceline/limiter/core/protocol';
import type { Comer, Step } from './histories.ts';
import { place } from './upstream.ts';
import type { BudgetState } from '@paceline/limiter/core/budget';
import { evolve } from '@paceline/limiter/core/evolve';
import { createLedger, keyOf } from '@paceline/limiter/core/ledger';
import { takeTurn } from '@paceline/limiter/core/turn';

export type Acquire = PermitRequestOf<'acquire'>;

/** Someone in the model's line, and when it is gone unless it asks again. */
interface Queued {
  readonly ask: Acquire;
  readonly goneAt: number;
}

/** What one turn came to, and the model's line after it. */
export interface Seen {
  readonly turn: Turn;
  readonly asks: readonly Acquire[];
  /** Who stands in line now: none of those who were given a permit, or refused, or who are gone. */
  readonly line: readonly Acquire[];
  /** Who was given a permit, and who stood before them all the same. */
  readonly given: ReadonlyArray<{ readonly ask: Acquire; readonly passedOver: readonly Acquire[] }>;
}

/** A limiter beside the simplest model of a line: a list, from which whoever got an answer is taken. */
export interface Line {
  readonly limiter: ReturnType<typeof createTestLimiter>;
  readonly using: Settings;
  line(): readonly Acquire[];
  /** Somebody who comes now. */
  ask(comer: Comer): Acquire;
  take(step: Step): Seen;
}

/** Not divided: every step reads and rewrites the model's one list. */
export function createLine(limit: number, reserve: number): Line {
  const using: Settings = {
    ...settings,
    policies: { ...settings.policies, [place.endpoint]: { limit, windowMs: 60_000 } },
    reserve: { ...settings.reserve, [place.endpoint]: reserve },
  };
  const limiter = createTestLimiter(place.endpoint, using);
  let line: Queued[] = [];
  let tickets = 0;
  const permits: string[] = [];
  const started: string[] = [];

  function see(requests: readonly LedgerRequest[]): Seen {
    const turn = limiter.take(...requests);
    const asks = requests.filter((request) => request.do === 'acquire');
    const now = limiter.now();
    for (const ask of asks) {
      line = [...line.filter((each) => each.ask.ticket !== ask.ticket), { ask, goneAt: now + forgetAfter }];
    }
    line = line.filter(({ goneAt }) => goneAt > now);
    const permitOf = new Map(turn.offers.map(({ offer }) => [offer.ticket, offer.permit]));
    const refused = new Set<string>();
    for (const [index, answer] of turn.answers.entries()) {
      const request = requests[index];
      if (request?.do !== 'acquire') continue;
      if (answer.answer === 'granted') permitOf.set(request.ticket, answer.permit);
      if (answer.answer === 'refused') refused.add(request.ticket);
    }
    permits.push(...permitOf.values());
    const goes = line.filter(({ ask }) => permitOf.has(ask.ticket));
    line = line.filter(({ ask }) => !permitOf.has(ask.ticket) && !refused.has(ask.ticket));
    const given = goes.map(({ ask }) => ({ ask, passedOver: before(ask) }));
    // Whoever was passed over came too late for its deadline, and has left.
    line = line.filter(({ ask }) => !given.some(({ passedOver }) => passedOver.includes(ask)));
    return { turn, asks, line: line.map(({ ask }) => ask), given };
  }

  function ask({ lane, waited, deadlineIn, inSlot }: Comer): Acquire {
    tickets += 1;
    return {
      do: 'acquire',
      ...place,
      ticket: `t${String(tickets).padStart(3, '0')}`,
      lane,
      requestedAt: limiter.now() - waited,
      offerTo: 'client',
      trace: {},
      ...(deadlineIn === undefined ? {} : { deadline: limiter.now() + deadlineIn }),
      ...(inSlot ? { slotId: 'slot' } : {}),
    };
  }

  const before = (ask: Acquire): Acquire[] =>
    line.map((each) => each.ask).filter((other) => goesBefore(other, ask, using));

  return {
    limiter,
    using,
    line: () => line.map(({ ask }) => ask),
    ask,
    take(step) {
      switch (step.do) {
        case 'come':
          return see(step.comers.map(ask));
        case 'ask again':
          return see([...new Set(step.whos.flatMap((who) => pick(line, who)?.ask ?? []))]);
        case 'start': {
          const permit = pick(permits, step.who);
          if (permit === undefined) return see([]);
          started.push(permit);
          return see([{ do: 'start', ...place, permit, trace: {} }]);
        }
        case 'settle': {
          const permit = pick(started, step.who);
          const { outcome } = step;
          return see(permit === undefined ? [] : [{ do: 'settle', ...place, permit, outcome }]);
        }
        case 'cancel': {
          const gone = pick(line, step.who);
          line = line.filter((each) => each !== gone);
          return see(gone ? [{ do: 'cancel', ...place, id: gone.ask.ticket }] : []);
        }
        case 'pause':
          return see([{ do: 'pause', ...place, until: limiter.now() + step.forMs }]);
        case 'set_policy':
          return see([{ do: 'set_policy', ...place, policy: step.policy }]);
        case 'pass':
          limiter.pass(step.ms);
          return see([]);
      }
    },
  };
}

const pick = <Item>(all: readonly Item[], index: number): Item | undefined =>
  all[index % Math.max(1, all.length)];

/** The order of the line. */
export function goesBefore(a: Acquire, b: Acquire, using: Settings): boolean {
  const [x, y] = [orderKey(a, using), orderKey(b, using)];
  return x === y ? a.ticket < b.ticket : x < y;
}

export const answered: Outcome = { result: 'answered', status: 200 };

/**
 * When `last` would run at best: every open call is answered right now, every holder calls at once, every call is
 * answered at once, and nobody else comes; but those who stand before it stay.
 */
export function atBest({ limiter, using, line }: Line, last: Acquire): number {
  const patient = { ...using, missedHeartbeatsAllowed: 1e9 };
  let now = limiter.now();
  const budget = limiter.ledger().budgets.get(keyOf(place.account, place.endpoint));
  const ledger = createLedger(2, patient);
  for (const fact of [...limiter.facts, ...endsOf(budget, now)]) evolve(ledger, fact);

  const offered: Array<{ ticket: string; permit: string }> = [];
  const take = (...requests: LedgerRequest[]) => {
    const { offers, answers } = takeTurn(ledger, requests, now);
    offered.push(...offers.map(({ offer }) => offer));
    for (const [index, answer] of answers.entries()) {
      const request = requests[index];
      if (answer.answer === 'granted' && request?.do === 'acquire')
        offered.push({ ticket: request.ticket, permit: answer.permit });
    }
  };
  take(...[...line(), last].map((ask) => ({ ...ask, deadline: undefined })));
  for (let turns = 0; turns < 1_000; turns += 1) {
    for (let next = offered.shift(); next; next = offered.shift()) {
      if (next.ticket === last.ticket) return now;
      take({ do: 'start', ...place, permit: next.permit, trace: {} });
      take({ do: 'settle', ...place, permit: next.permit, outcome: answered });
    }
    now = Math.max(now, ledger.alarms.first()?.alarmAt ?? Infinity);
    take();
  }
  throw new Error('it never runs');
}

/** What ends every call that is open or about to be made. */
function endsOf(budget: BudgetState | undefined, now: number): Fact[] {
  if (!budget) return [];
  const settled = (permit: string, arrivesBy: number): Fact => ({
    fact: 'settled',
    ...place,
    permit,
    arrivesBy,
    outcome: answered,
    at: now,
  });
  const open = budget.record.intervals.filter((interval) => !interval.settled);
  const held = budget.grants.filter(({ startBy }) => startBy > now);
  return [
    ...open.map(({ permit, arrivesBy }) => settled(permit, Math.min(arrivesBy, now))),
    ...held.flatMap(({ permit, lane, requestedAt }): Fact[] => {
      const interval = { permit, lane, startedAt: now, arrivesBy: now, settled: false };
      return [
        { fact: 'started', ...place, interval, requestedAt, firstEstimate: null },
        settled(permit, now),
      ];
    }),
  ];
}
