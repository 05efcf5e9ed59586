import type { Interval } from '@paceline/shared/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Calls } from './calls.ts';

const anyCalls = fc
  .array(fc.record({ startedAt: fc.nat(50), took: fc.nat(50), settled: fc.boolean() }), { maxLength: 30 })
  .map((all) =>
    all.map(({ startedAt, took, settled }, index): Interval => ({
      permit: `1-${index}-t-${index}`,
      lane: 'rider_sync',
      startedAt,
      arrivesBy: startedAt + took,
      settled,
    })),
  );
const time = fc.nat(110);
const inOrder = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);

describe('the calls of a budget', () => {
  it('are found, counted and listed as by looking at each of them', () => {
    fc.assert(
      fc.property(anyCalls, time, (all, at) => {
        const calls = new Calls(all);
        const later = all.filter(({ arrivesBy }) => arrivesBy > at);
        expect([...calls]).toEqual(all);
        expect(calls.countAfter(at)).toBe(later.length);
        expect(calls.after(at)).toEqual(later);
        expect(new Set(calls.openAfter(at))).toEqual(new Set(later.filter(({ settled }) => !settled)));
        expect(calls.nextArrival(at)).toBe(Math.min(...later.map(({ arrivesBy }) => arrivesBy)));
        expect(calls.lastArrival()).toBe(Math.max(...all.map(({ arrivesBy }) => arrivesBy)));
        for (const [index, call] of all.entries()) expect(calls.ofTicket(`t-${index}`)).toBe(call);
      }),
    );
  });

  it('end at the rank that sorting all ends gives', () => {
    fc.assert(
      fc.property(anyCalls, time, fc.array(fc.nat(110), { maxLength: 10 }), (all, since, others) => {
        const settled = all.filter((call) => call.settled && call.arrivesBy > since);
        const expected = inOrder([...settled.map(({ arrivesBy }) => arrivesBy), ...others]);
        const calls = new Calls(all);
        expect(expected.map((_, rank) => calls.endAt(rank, since, inOrder(others)))).toEqual(expected);
      }),
    );
  });

  it('keep their place when they settle, and are gone once returned or forgotten', () => {
    fc.assert(
      fc.property(anyCalls, time, fc.nat(29), (all, until, nth) => {
        const calls = new Calls(all);
        const chosen = all[nth];
        const settled = all.map((call) =>
          call === chosen ? { ...call, arrivesBy: 60, settled: true } : call,
        );
        if (chosen) calls.settle(chosen.permit, 60);
        expect([...calls]).toEqual(settled);
        calls.forgetUntil(until);
        const remaining = settled.filter(({ arrivesBy }) => arrivesBy > until);
        expect([...calls]).toEqual(remaining);
        for (const { permit } of remaining) calls.delete(permit);
        expect([...calls]).toEqual([]);
        expect(calls.countAfter(0)).toBe(0);
      }),
    );
  });
});
