import type { Fact, PermitRequestOf } from '@paceline/shared/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLedger, type Ledger } from './ledger.ts';
import type { LedgerRequest } from './protocol.ts';
import { restore } from './recovery.ts';
import { createTestLimiter, settings } from './testing.ts';
import { takeTurn } from './turn.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const begin = 1_000_000_000;

const ask = (account: string, ticket: string, now: number): PermitRequestOf<'acquire'> => {
  const place = { account, endpoint: 'riders_single', lane: 'rider_sync' } as const;
  return { do: 'acquire', ticket, ...place, requestedAt: now, offerTo: 'client', trace: {}, start: true };
};
const turn = (ledger: Ledger, now: number, ...requests: LedgerRequest[]) => takeTurn(ledger, requests, now);
const accounts = (ledger: Ledger) => [...ledger.budgets.values()].map(({ record }) => record.account);

describe('a budget that is idle for a day', () => {
  it('is dropped while others are asked for: memory follows those that were there within a day', () => {
    const ledger = createLedger(1, settings);
    let most = 0;
    for (let called = 0; called < 4_000; called += 1) {
      turn(ledger, begin + called * minute, ask(`account ${called}`, 't', begin + called * minute));
      most = Math.max(most, ledger.budgets.size);
    }
    // A call is given up two minutes after its start; all but those of a day, and the round that finds them, are gone.
    expect(most).toBeGreaterThan(1_440);
    expect(most).toBeLessThan(1_440 * 2);
    expect(ledger.news.size).toBe(ledger.budgets.size);
  });

  it('is kept when something was learned, when it is paused, and until it has been probed', () => {
    const keeps = (prepare: (limiter: ReturnType<typeof createTestLimiter>) => void, passed = day) => {
      const limiter = createTestLimiter('riders_single');
      prepare(limiter);
      limiter.pass(passed);
      for (const ticket of ['a', 'b']) limiter.take(ask('another', ticket, limiter.now()));
      return accounts(limiter.ledger()).includes('team');
    };
    const place = { account: 'team', endpoint: 'riders_single' } as const;
    const learned = { limit: 2, windowMs: hour };
    expect(keeps((limiter) => limiter.call('a'))).toBe(false);
    expect(keeps((limiter) => limiter.call('a'), day - minute)).toBe(true);
    expect(keeps((limiter) => limiter.call('a', {}, { result: 'answered', status: 200, learned }))).toBe(
      true,
    );
    expect(
      keeps((limiter) => limiter.operate({ do: 'pause', ...place, until: limiter.now() + 2 * day })),
    ).toBe(true);
    expect(keeps((limiter) => limiter.call('a', {}, { result: 'answered', status: 429 }))).toBe(true);
  });

  it('is not dropped while somebody waits for a new limiter to begin', () => {
    const ledger = createLedger(1, settings, begin + 5_000);
    expect(turn(ledger, begin, ask('team', 't', begin)).answers[0]?.answer).toBe('waiting');
    for (let ms = 1; ms < 100; ms += 1) turn(ledger, begin + ms, ask('another', 'u', begin));
    expect(accounts(ledger)).toContain('team');
  });

  it('decides as one that was never dropped: by a ledger that keeps all of them, told the same', () => {
    const names = fc.constantFrom('x', 'y', 'z');
    const steps = fc.array(
      fc.record({
        account: names,
        pass: fc.constantFrom(1_000, 10 * minute, 30 * hour),
        tickets: fc.integer({ min: 1, max: 7 }),
      }),
      { minLength: 5, maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const [dropping, keeping] = [createLedger(1, settings), createLedger(1, settings)];
        const facts: Fact[] = [];
        let now = begin;
        for (const [index, { account, pass, tickets }] of all.entries()) {
          now += pass;
          keeping.round = neverIdle;
          const requests = Array.from({ length: tickets }, (_, each) =>
            ask(account, `${index}-${each}`, now),
          );
          const decided = turn(dropping, now, ...requests);
          facts.push(...decided.facts);
          expect(decided.answers).toEqual(turn(keeping, now, ...requests).answers);
        }
        // So does one that is recovered from the journal.
        const recovered = restore([{ entry: 'facts', recoverFrom: 0, facts }], 2, settings);
        now += minute;
        const request = ask('x', 'last', now);
        expect(turn(recovered, now, request).answers[0]?.answer).toBe(
          turn(dropping, now, request).answers[0]?.answer,
        );
      }),
      { numRuns: 100 },
    );
  });
});

/** Finds nothing to drop, and never begins anew. */
const neverIdle: Iterator<never> = {
  next: () => ({ done: true, value: undefined }),
};
