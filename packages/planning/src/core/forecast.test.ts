import { describe, expect, it } from 'vitest';
import { analyze } from './analysis.ts';
import { forecast as forecastOf } from './forecast.ts';
import type { Plan } from './plan.ts';
import { design, hour, minute, monday, planOf, shipped, windowsFor } from './testing.ts';

const forecast = (plan: Plan, from: number) => forecastOf(analyze(plan, from));

describe('forecast', () => {
  it('compares the calls per day that the shipped slots allow with those needed', () => {
    const { budgets } = forecast(shipped(), monday);
    expect(budgets).toMatchObject([
      { budget: 'clubs', allowed: 24, wanted: { rider: 4 }, room: 4 },
      { budget: 'events', allowed: 1_440, wanted: { near: 96, far: 96 }, room: 192 },
      { budget: 'signups', allowed: 1_440, wanted: { near: 37 * 24, far: 310 }, urgent: 155 },
    ]);
    expect(budgets[2]?.room).toBeCloseTo(1_346, 0);
    expect(budgets[2]?.used).toBeCloseTo(0.935);
  });

  it('returns calls per slot, length of a pass and age of the oldest copy for each kind', () => {
    const { kinds } = forecast(shipped(), monday);
    expect(kinds).toMatchObject([
      { kind: 'rider', things: 1, slotsADay: 4, fewest: 1, most: 1, passMs: hour, oldestMs: 6 * hour },
      {
        kind: 'near',
        things: 37,
        slotsADay: 96,
        fewest: 4,
        most: 10,
        passMs: 37 * minute,
        goalMs: hour,
      },
      { kind: 'far', things: 310, slotsADay: 96, fewest: 1, most: 4, callsADay: 353, goalMs: 24 * hour },
    ]);
  });

  it('counts no reserved calls in the length of a pass', () => {
    const plan = planOf(
      { rider: ['0 * * * *', 10] },
      { things: { rider: 18 }, windows: windowsFor('premium') },
    );
    expect(forecast(plan, monday).kinds[0]).toMatchObject({ kind: 'rider', passMs: 2 * hour });
  });

  it('shows that the first design needs five times as many calls as possible', () => {
    const signups = forecast(design(), monday).budgets.find(({ budget }) => budget === 'signups');
    expect(signups?.wanted).toEqual({ near: 37 * 96, far: 310 * 12 });
    expect(signups?.room).toBeCloseTo(1_212, 0);
  });

  it('reports no age for a kind without slots, and needs a full pass per slot for one without a freshness goal', () => {
    const { kinds, budgets } = forecast(planOf({ near: ['0 * * * *', 10] }), monday);
    expect(kinds[2]).toMatchObject({ slotsADay: 0, oldestMs: null, goalMs: null });
    expect(budgets[2]?.wanted).toEqual({ near: 37 * 24, far: 0 });
  });
});
