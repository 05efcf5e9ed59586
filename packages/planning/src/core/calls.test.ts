import { type BudgetName, limitsOf } from '@paceline/shared/definition';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callDurationMs, callsOf, startsBetween } from './calls.ts';
import { crons, day, hour, lengths, minute, monday, planOf } from './testing.ts';
import { timetableOf } from './timetable.ts';

const callsIn = (budget: BudgetName, ...plan: Parameters<typeof planOf>) => {
  const built = planOf(...plan);
  const [week] = timetableOf(built, monday);
  return callsOf(built, week, budget).map(({ kind, at }) => ({ kind, after: at - monday }));
};
const times = (calls: ReturnType<typeof callsIn>, below: number) =>
  calls.filter(({ after }) => after < below).map(({ after }) => after / 1_000);

describe('callsOf', () => {
  it('makes the first call after the list, each next one a window after the previous response', () => {
    expect(times(callsIn('signups', { near: ['0 * * * *', 5] }), hour)).toEqual([3, 66, 129, 192, 255]);
  });

  it('makes no more calls than there are events to refresh', () => {
    expect(
      times(callsIn('signups', { near: ['0 * * * *', 5] }, { things: { rider: 1, near: 2 } }), hour),
    ).toEqual([3, 66]);
  });

  it('waits for a window that the previous slot has filled', () => {
    const calls = callsIn('signups', { far: ['0 * * * *', 1], near: ['1 * * * *', 2] });
    expect(calls.slice(0, 3)).toEqual([
      { kind: 'far', after: 3_000 },
      { kind: 'near', after: 66_000 },
      { kind: 'near', after: 129_000 },
    ]);
  });

  it('makes urgent calls first, each in the last minutes before an event', () => {
    const plan = planOf({ far: ['*/15 * * * *', 15] }, { eventsADay: 48 });
    const calls = callsOf(plan, timetableOf(plan, monday)[0], 'signups');
    const urgent = calls.filter(({ slotId }) => slotId === undefined);
    const starts = startsBetween(plan, monday, monday + 7 * day);
    expect(urgent).toHaveLength(starts.length);
    const early = urgent.filter(({ at }, index) => (starts[index] ?? 0) - at > 15 * minute);
    const late = urgent.filter(({ at }, index) => (starts[index] ?? 0) - at < 12 * minute);
    expect([early, late]).toEqual([[], []]);
    expect(calls.length - urgent.length).toBeGreaterThan(0);
  });

  it('makes near calls before far calls where their slots overlap', () => {
    const calls = callsIn('signups', { far: ['0 0 * * *', 10], near: ['2 0 * * *', 5] });
    expect(calls.slice(0, 9).map(({ kind }) => kind)).toEqual([
      'far',
      'far',
      'near',
      'near',
      'near',
      'near',
      'near',
      'far',
      'far',
    ]);
  });

  it('makes club calls one at a time, up to the limit minus the reserve', () => {
    const premium = {
      policies: limitsOf('premium'),
      things: { rider: 20 },
    };
    const found = times(callsIn('clubs', { rider: ['0 */6 * * *', 70] }, premium), hour + 5 * minute);
    expect(found.slice(0, 9)).toEqual(Array.from({ length: 9 }, (_, index) => index * 61));
    expect(found[9]).toBe(61 + 3_600);
  });

  it('makes every call within its slot and never before the window is free', () => {
    fc.assert(
      fc.property(crons, lengths, crons, lengths, (nearCron, nearLength, farCron, farLength) => {
        const plan = planOf({ near: [nearCron, nearLength], far: [farCron, farLength] });
        const [week] = timetableOf(plan, monday);
        const slots = new Map([...week.slots.near, ...week.slots.far].map((slot) => [slot.slotId, slot]));
        const calls = callsOf(plan, week, 'signups');
        const misplaced = calls.filter(({ at, slotId }, index) => {
          const { scheduledFor = Infinity, endsAt = 0 } = slots.get(slotId ?? '') ?? {};
          const freeAt = (calls[index - 1]?.at ?? -Infinity) + (callDurationMs.signups ?? 0) + minute;
          return at < scheduledFor || at >= endsAt || at < freeAt;
        });
        expect(misplaced).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});

const startsIn = (eventsADay: number, from: number, until: number) =>
  startsBetween(planOf({}, { eventsADay }), from, until).length;

describe('startsBetween', () => {
  it('returns the requested number of starts per day, most of them in the evening', () => {
    expect(startsIn(155, monday, monday + day)).toBeCloseTo(155, -1);
    expect(startsIn(155, monday, monday + 7 * day)).toBeCloseTo(7 * 155, -1);
    expect(startsIn(155, monday + 19 * hour, monday + 20 * hour)).toBe(37);
    expect(startsIn(155, monday + 4 * hour, monday + 5 * hour)).toBeLessThan(5);
  });

  it('puts all of a few events in the evening, and returns none for zero events', () => {
    expect(startsIn(20, monday, monday + 19 * hour)).toBe(0);
    expect(startsIn(20, monday, monday + day)).toBe(20);
    expect(startsIn(0, monday, monday + day)).toBe(0);
  });
});
