import { type BudgetName, type SyncKind } from '@paceline/shared/definition';
import type { Slot } from '@paceline/shared/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callDurationMs, callsOf, startsBetween } from './calls.ts';
import { crons, day, hour, lengths, minute, monday, planOf, windowsFor } from './testing.ts';
import type { Plan } from './plan.ts';
import { type Stretch, timetableOf } from './timetable.ts';

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
      windows: windowsFor('premium'),
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
          const freeAt = (calls[index - 1]?.at ?? -Infinity) + callDurationMs(plan, 'signups') + minute;
          return at < scheduledFor || at >= endsAt || at < freeAt;
        });
        expect(misplaced).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});

/** As `callsOf`, but looks at every run for every call. */
function straightforward(plan: Plan, week: Stretch, budget: BudgetName) {
  const urgent = startsBetween(plan, week.from, week.until).map((at) => {
    return { kind: 'near' as const, rank: 0, readyAt: at - 15 * minute, endsAt: at, left: 1 };
  });
  const slots = (['near', 'far'] as const).flatMap((kind, index) =>
    week.slots[kind].map(({ scheduledFor, endsAt }) => {
      return {
        kind,
        rank: index + 1,
        readyAt: scheduledFor + callDurationMs(plan, 'events'),
        endsAt,
        left: plan.things[kind],
      };
    }),
  );
  const calls: Array<{ kind: SyncKind; at: number }> = [];
  for (;;) {
    const freeAt =
      (calls.at(-1)?.at ?? -Infinity) +
      callDurationMs(plan, budget) +
      (plan.windows[budget][0]?.windowMs ?? 0);
    const [next] = [...urgent, ...slots]
      .map((run) => ({ run, at: Math.max(run.readyAt, freeAt) }))
      .filter(({ run, at }) => run.left > 0 && at < run.endsAt)
      .toSorted((a, b) => a.at - b.at || a.run.rank - b.run.rank);
    if (!next) return calls;
    calls.push({ kind: next.run.kind, at: next.at });
    next.run.left -= 1;
  }
}

describe('callsOf', () => {
  it('gives each call to the most urgent of all runs that could make it, as early as the window allows', () => {
    const length = fc.integer({ min: 1, max: 45 });
    const events = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(
        crons,
        length,
        crons,
        length,
        events,
        (nearCron, nearLength, farCron, farLength, eventsADay) => {
          const some = { things: { near: 9, far: 60 }, eventsADay };
          const plan = planOf({ near: [nearCron, nearLength], far: [farCron, farLength] }, some);
          const [whole] = timetableOf(plan, monday);
          const firstDay = (slots: readonly Slot[]) =>
            slots.filter(({ scheduledFor }) => scheduledFor < monday + day);
          const slots = { ...whole.slots, near: firstDay(whole.slots.near), far: firstDay(whole.slots.far) };
          const stretch = { from: monday, until: monday + day, slots };
          const calls = callsOf(plan, stretch, 'signups').map(({ kind, at }) => ({ kind, at }));
          expect(calls).toEqual(straightforward(plan, stretch, 'signups'));
        },
      ),
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
