import { count, humanDuration, rate } from '@paceline/shared/words';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gapsOf, oldestAge, range, goalCallsByKind, wallClockIn } from './analysis.ts';
import { day, hour, minute, monday, planOf, shipped } from './testing.ts';
import { noSlots, timetableOf } from './timetable.ts';

const stretch = { from: 0, until: 100, slots: noSlots };
const callsAt = (times: readonly number[]) =>
  times.map((at) => ({ kind: 'near' as const, slotId: 'slot:near:x', at }));
const oldest = (times: readonly number[], things: number) =>
  oldestAge([{ stretch, calls: callsAt(times) }], things);

describe('oldestAge', () => {
  it('is the longest time between two refreshes of the same thing', () => {
    expect(oldest([10, 20, 30, 40, 50, 60, 70, 80, 90], 3)).toBe(30);
    expect(gapsOf(callsAt([10, 20, 30]), 2, stretch)).toContainEqual({
      thing: 1,
      from: 10,
      until: 30,
      isComplete: true,
    });
  });

  it('includes the time before the first call and after the last one', () => {
    expect(oldest([50], 1)).toBe(50);
    expect(oldest([80], 1)).toBe(80);
  });

  it('is extrapolated from the calls when the stretch is too short for one pass', () => {
    expect(oldest([10, 20], 10)).toBe(500);
    expect(oldest([], 1)).toBe(Infinity);
    expect(oldest([], 0)).toBe(0);
  });

  it('is never lower with another order of the calls', () => {
    const times = fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 4, maxLength: 12 });
    fc.assert(
      fc.property(
        times,
        fc.integer({ min: 1, max: 4 }),
        fc.infiniteStream(fc.nat(3)),
        (unsorted, things, order) => {
          const calls = unsorted.toSorted((a, b) => a - b);
          const thingOfCall = calls.map(() => (order.next().value ?? 0) % things);
          const ages = Array.from({ length: things }, (_, thing) => {
            const own = [0, ...calls.filter((_at, index) => thingOfCall[index] === thing), 100];
            return Math.max(...own.slice(1).map((at, index) => at - (own[index] ?? 0)));
          });
          expect(oldest(calls, things)).toBeLessThanOrEqual(Math.max(...ages));
        },
      ),
    );
  });
});

describe('the shipped slots', () => {
  it('refresh 37 near events within an hour, 310 far events within a day, and a club within six hours', () => {
    const plan = shipped();
    const goalCalls = goalCallsByKind(plan, timetableOf(plan, monday));
    expect(oldestAge(goalCalls('near'), 37) / minute).toBeCloseTo(56.85);
    expect(oldestAge(goalCalls('far'), 310) / hour).toBeCloseTo(21.4, 1);
    expect(oldestAge(goalCalls('rider'), 1)).toBe(6 * hour);
  });

  it('refresh a club once a day when they open once a day', () => {
    const plan = planOf({ rider: ['0 4 * * *', 10] });
    expect(oldestAge(goalCallsByKind(plan, timetableOf(plan, monday))('rider'), 1)).toBe(day);
  });
});

describe('formatting', () => {
  it.each([
    [45_000, '45 s'],
    [60_000, '1 min'],
    [5_400_000, '90 min'],
    [18_600_000, '5.2 h'],
    [Infinity, 'never'],
  ])('writes %d ms as "%s"', (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });

  it('writes counts, rates and ranges', () => {
    expect(count(1, 'call')).toBe('1 call');
    expect(rate({ limit: 5, windowMs: 60_000 })).toBe('5 calls per minute');
    expect([range(3, 3), range(1, 4)]).toEqual(['3', '1–4']);
  });

  it('writes times in the time zone', () => {
    const wall = wallClockIn('Europe/Stockholm');
    const opens = Date.parse('2026-03-29T00:55Z');
    expect(wall.time(opens)).toBe('Sun 29 Mar 01:55');
    const slot = {
      slotId: 'slot:near:x',
      kind: 'near' as const,
      scheduledFor: opens,
      endsAt: opens + 600_000,
    };
    expect(wall.slot(slot)).toBe('01:55–03:05');
  });
});
