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
const startTime = 1_000_000_000;

const acquire = (account: string, ticket: string, now: number): PermitRequestOf<'acquire'> => {
  const budgetKey = { account, endpoint: 'riders_single', lane: 'rider_sync' } as const;
  return { do: 'acquire', ticket, ...budgetKey, requestedAt: now, offerTo: 'client', trace: {}, start: true };
};
const turn = (ledger: Ledger, now: number, ...requests: LedgerRequest[]) => takeTurn(ledger, requests, now);
const accounts = (ledger: Ledger) => [...ledger.pools.values()].map(({ account }) => account);

describe('a budget that was idle for a day', () => {
  it('is dropped, so that memory is bounded by the accounts of the last day', () => {
    const ledger = createLedger(1, settings);
    let max = 0;
    for (let called = 0; called < 4_000; called += 1) {
      turn(
        ledger,
        startTime + called * minute,
        acquire(`account ${called}`, 't', startTime + called * minute),
      );
      max = Math.max(max, ledger.pools.size);
    }
    // An unsettled call expires after 2 minutes; only the accounts of a day, and those not yet swept, remain.
    expect(max).toBeGreaterThan(1_440);
    expect(max).toBeLessThan(1_440 * 2);
    expect(ledger.stats.size).toBe(ledger.pools.size);
  });

  it('is kept while its policy was learned, while it is paused, and until it was probed', () => {
    const isKept = (prepare: (limiter: ReturnType<typeof createTestLimiter>) => void, passed = day) => {
      const limiter = createTestLimiter('riders_single');
      prepare(limiter);
      limiter.pass(passed);
      for (const ticket of ['a', 'b']) limiter.take(acquire('another', ticket, limiter.now()));
      return accounts(limiter.ledger()).includes('team');
    };
    const budgetKey = { account: 'team', endpoint: 'riders_single' } as const;
    const learned = { limit: 2, windowMs: hour };
    expect(isKept((limiter) => limiter.call('a'))).toBe(false);
    expect(isKept((limiter) => limiter.call('a'), day - minute)).toBe(true);
    expect(isKept((limiter) => limiter.call('a', {}, { result: 'answered', status: 200, learned }))).toBe(
      true,
    );
    expect(
      isKept((limiter) => limiter.operate({ do: 'pause', ...budgetKey, until: limiter.now() + 2 * day })),
    ).toBe(true);
    expect(isKept((limiter) => limiter.call('a', {}, { result: 'answered', status: 429 }))).toBe(true);
  });

  it('is not dropped while a request waits for a new owner’s first grant', () => {
    const ledger = createLedger(1, settings, startTime + 5_000);
    expect(turn(ledger, startTime, acquire('team', 't', startTime)).replies[0]?.answer).toBe('waiting');
    for (let ms = 1; ms < 100; ms += 1) turn(ledger, startTime + ms, acquire('another', 'u', startTime));
    expect(accounts(ledger)).toContain('team');
  });

  it('decides the same after being dropped as in a ledger that keeps every budget', () => {
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
        let now = startTime;
        for (const [index, { account, pass, tickets }] of all.entries()) {
          now += pass;
          keeping.sweep = findsNothing;
          const requests = Array.from({ length: tickets }, (_, each) =>
            acquire(account, `${index}-${each}`, now),
          );
          const decided = turn(dropping, now, ...requests);
          facts.push(...decided.facts);
          expect(decided.replies).toEqual(turn(keeping, now, ...requests).replies);
        }
        // A ledger recovered from the journal decides the same.
        const recovered = restore([{ entry: 'facts', recoverFrom: 0, facts }], 2, settings);
        now += minute;
        const request = acquire('x', 'last', now);
        expect(turn(recovered, now, request).replies[0]?.answer).toBe(
          turn(dropping, now, request).replies[0]?.answer,
        );
      }),
      { numRuns: 100 },
    );
  });
});

/** A sweep that never finds an idle budget. */
const findsNothing: Iterator<never> = {
  next: () => ({ done: true, value: undefined }),
};
