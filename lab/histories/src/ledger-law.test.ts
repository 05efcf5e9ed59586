import type { Ledger } from '@paceline/limiter/core/ledger';
import { removeWaiter } from '@paceline/limiter/core/queue';
import { restore } from '@paceline/limiter/core/recovery';
import { settings } from '@paceline/limiter/core/testing';
import { coordination, windows } from '@paceline/limiter/core/views';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAgenda } from '@paceline/kit/agenda';
import { createDice } from '@paceline/kit/dice';
import { anyHistory, steps } from './histories.ts';
import { createCallLog } from './call-log.ts';
import { createBroker } from './journal.ts';
import { takeOver } from './owner.ts';
import { createQueueModel } from './queue-model.ts';
import { budgetKey } from './upstream.ts';
import { runHistory } from './world.ts';

const epochOf = (permit: string): number => Number.parseInt(permit, 10);

describe('of two limiters that both believe they own a partition', () => {
  it('one commits and confirms, and the other rejects its request', () => {
    const agenda = createAgenda(1_000_000_000);
    const broker = createBroker(agenda.now);
    const callLog = createCallLog(agenda, createDice(1, 'call log'));
    const answers: string[] = [];
    const parts = (id: string) => ({
      id,
      agenda,
      dice: createDice(1, 'broker'),
      journal: broker.connect(),
      callLog,
      brokerTime: agenda.now,
      settings,
      offer: () => undefined,
      claimed: () => undefined,
      ended: () => undefined,
    });
    const both = [takeOver(parts('one'))];
    agenda.in(100, () => both.push(takeOver(parts('other'))));
    agenda.runUntil(1_000_000_000 + 200);
    for (const [index, owner] of both.entries()) {
      const ticket = `t${index}`;
      const request = {
        do: 'acquire',
        ...budgetKey,
        ticket,
        lane: 'rider_sync',
        requestedAt: 0,
        start: true,
      } as const;
      // By then the newer owner has finished its quiet time.
      agenda.in(1_000, () =>
        owner.receive({ ...request, offerTo: 'client', trace: {} }, ({ answer }) => answers.push(answer)),
      );
    }
    agenda.run(100);
    expect(answers.toSorted()).toEqual(['started', 'unavailable']);
    expect(both.map((owner) => owner.alive())).toEqual([false, true]);
  });

  it('none commits a start under an earlier claim, and every confirmed or sent call is in the journal once', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const { entries, facts, confirmedStarts, arrivals } = runHistory(history);
        let claim = 0;
        const staleStarts = entries.flatMap((entry, index) =>
          (entry.entry === 'facts' ? entry.facts : []).filter((fact) => {
            if (fact.fact === 'claimed') claim = index + 1;
            return fact.fact === 'started' && epochOf(fact.interval.permit) !== claim;
          }),
        );
        expect(staleStarts).toEqual([]);
        const started = facts.flatMap((fact) => (fact.fact === 'started' ? [fact.interval.permit] : []));
        expect(new Set(started).size).toBe(started.length);
        expect(
          [...confirmedStarts, ...arrivals.keys()].filter((permit) => !started.includes(permit)),
        ).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the journal at any time', () => {
  /** The state that the journal must restore; waiting requests and held permits are not in it. */
  const durable = (ledger: Ledger, now: number) => {
    for (const { queue, grants, budgets } of ledger.pools.values()) {
      for (const waiter of queue.byTicket.values()) removeWaiter(waiter);
      grants.clear();
      for (const budget of budgets) budget.held = 0;
    }
    ledger.stats.clear();
    return {
      windows: windows(ledger, budgetKey.account, now),
      coordination: coordination(ledger, budgetKey.account, now),
    };
  };

  it('restores the ledger that wrote it, except waiting requests and held permits', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.nat({ max: 2 }),
        steps,
        fc.nat(),
        (limit, reserve, all, after) => {
          const { limiter, perform, settings: using } = createQueueModel(limit, reserve);
          for (const step of all) perform(step);
          const now = limiter.now() + after;
          const restored = restore([{ entry: 'facts', recoverFrom: 0, facts: limiter.facts }], 2, using);
          expect(durable(restored, now)).toEqual(durable(limiter.ledger(), now));
        },
      ),
      { numRuns: 300 },
    );
  });
});
