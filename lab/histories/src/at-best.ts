import type { Fact } from '@paceline/shared/contracts';
import type { BudgetState } from '@paceline/limiter/core/budget';
import { evolve } from '@paceline/limiter/core/evolve';
import { createLedger, keyOf } from '@paceline/limiter/core/ledger';
import type { LedgerRequest } from '@paceline/limiter/core/protocol';
import { takeTurn } from '@paceline/limiter/core/turn';
import { type Acquire, answered, type Line } from './line.ts';
import { place } from './place.ts';

/**
 * When `last` would run at best: every open call is answered right now, every holder calls at once, every call is
 * answered at once, and nobody else comes; but those who stand before it stay.
 */
export function atBest({ limiter, using, line }: Line, last: Acquire): number {
  const patient = { ...using, missesAllowed: 1e9 };
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
  const settled = (permit: string, latestAt: number): Fact => ({
    fact: 'settled',
    ...place,
    permit,
    latestAt,
    outcome: answered,
    at: now,
  });
  const open = budget.record.intervals.filter((interval) => !interval.settled);
  const held = budget.grants.filter(({ startBy }) => startBy > now);
  return [
    ...open.map(({ permit, latestAt }) => settled(permit, Math.min(latestAt, now))),
    ...held.flatMap(({ permit, lane, firstAskedAt }): Fact[] => {
      const interval = { permit, lane, startedAt: now, latestAt: now, settled: false };
      return [{ fact: 'started', ...place, interval, firstAskedAt, promisedAt: null }, settled(permit, now)];
    }),
  ];
}
