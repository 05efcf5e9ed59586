import type { TimeSpan } from '@paceline/event-sync/core/classes';
import { freshnessOf } from '@paceline/event-sync/core/freshness';
import { sum } from '@paceline/kit/statistics';
import { mapValues } from '@paceline/shared/definition';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadSolver } from '../../solver.ts';
import { eventsOf, type MeasuredEvent } from '../freshness.ts';
import { readScenario } from '../scenario.ts';
import { createSimulation } from '../simulation.ts';
import { runSimulation, strategyNames } from '../simulate.ts';
import { type BoundAmounts, boundOf, type Solve } from './bound.ts';
import { boundDays, boundOfDay } from './days.ts';
import { groupsOf } from './groups.ts';
import { callMoments } from './moments.ts';

const { zwiftracing } = loadUpstreams({});
const minute = 60_000;
const day = 1_440 * minute;
const goals = { urgent: 15 * minute, near: 60 * minute, far: day };
const weights = { urgent: 3, start: 10, ours: 1.5 };
const always = { from: -Infinity, until: Infinity };
/** All events of the examples by hand start then. */
const start = 10 * day;

const eventAt = (startsAt: number, isOurs = false, copiedAt: readonly number[] = []): MeasuredEvent => ({
  eventId: '',
  startsAt,
  listedAt: startsAt - 2 * day,
  delistedAt: null,
  copiedAt,
  isOurs,
});
const before = (...minutes: readonly number[]) => minutes.map((each) => start - each * minute);

let solve: Solve;
beforeAll(async () => {
  solve = await loadSolver();
});

const bound = (
  events: readonly MeasuredEvent[],
  moments: readonly number[],
  span = always,
  forFar: readonly TimeSpan[] = [],
) =>
  boundOf(
    groupsOf(events, goals, span),
    { moments, forFar, mostForFar: moments.length },
    { goals, weights },
    solve,
  );

/** The sum that the joint optimum maximises. */
function valueOf(
  { all, ours }: BoundAmounts,
  { urgent, start: atStart, ours: factor }: typeof weights,
): number {
  const worth = (rows: BoundAmounts['all']) =>
    rows.urgent.joint * urgent + rows.near.joint + rows.atStart.joint * atStart;
  return worth(all) + (factor - 1) * worth(ours);
}

/** What copies reach, measured like the freshness of a strategy. */
function reached(events: readonly MeasuredEvent[], span = always): BoundAmounts {
  const rowsOf = (counted: readonly MeasuredEvent[]): BoundAmounts['all'] => {
    const { urgent, near, far } = freshnessOf(counted, goals, span);
    const started = counted.filter(({ startsAt }) => startsAt >= span.from && startsAt < span.until);
    const isFresh = ({ startsAt, copiedAt }: MeasuredEvent) =>
      copiedAt.some((at) => at < startsAt && at >= startsAt - goals.urgent);
    const rows = {
      urgent: { joint: urgent.within / minute, total: urgent.total / minute },
      near: { joint: near.within / minute, total: near.total / minute },
      far: { joint: far.within / minute, total: far.total / minute },
      lastHour: {
        joint: (urgent.within + near.within) / minute,
        total: (urgent.total + near.total) / minute,
      },
      atStart: { joint: started.filter(isFresh).length, total: started.length },
    };
    return mapValues(rows, (amounts) => ({ ...amounts, alone: amounts.joint }));
  };
  return { all: rowsOf(events), ours: rowsOf(events.filter(({ isOurs }) => isOurs)) };
}

describe('the bound', () => {
  it('counts fresh minutes from the call on', () => {
    const { all, ours } = bound([eventAt(start)], before(10));
    expect(all.urgent).toEqual({ total: 15, joint: 10, alone: 10 });
    expect(all.near).toEqual({ total: 45, joint: 0, alone: 0 });
    expect(all.lastHour).toEqual({ total: 60, joint: 10, alone: 10 });
    expect(all.atStart).toEqual({ total: 1, joint: 1, alone: 1 });
    expect(ours.urgent).toEqual({ total: 0, joint: 0, alone: 0 });
  });

  it('counts a copy that is made earlier until it is older than the goal', () => {
    const { all } = bound([eventAt(start)], before(90, 20));
    expect(all.near.joint).toBe(30 + 5);
    expect(all.urgent.joint).toBe(10);
    expect(all.atStart.joint).toBe(0);
  });

  it('gives each call to one event, ours first, and each event in turn', () => {
    const { all, ours } = bound([eventAt(start), eventAt(start, true), eventAt(start, true)], before(9, 8));
    expect(ours.urgent).toEqual({ total: 30, joint: 17, alone: 17 });
    expect(all.urgent.joint).toBe(17);
    expect(all.atStart).toEqual({ total: 3, joint: 2, alone: 2 });
  });

  it('weighs rows in the joint optimum and knows what each could be alone', () => {
    // The call at T−15 keeps one event fresh until its start, or the other one all through its near time.
    const { all } = bound([eventAt(start), eventAt(start + 45 * minute)], before(15));
    expect(all.urgent).toEqual({ total: 30, joint: 15, alone: 15 });
    expect(all.near).toEqual({ total: 90, joint: 0, alone: 45 });
  });

  it('leaves one of the calls of a reserved time to others', () => {
    const reserved = [{ from: start - 12 * minute, until: start }];
    expect(bound([eventAt(start)], before(10), always, reserved).all.urgent.joint).toBe(0);
    expect(bound([eventAt(start)], before(10, 6), always, reserved).all.urgent.joint).toBe(10);
    expect(bound([eventAt(start)], before(14, 6), always, reserved).all.urgent.joint).toBe(14);
  });

  it('counts only the time that is measured', () => {
    const span = { from: start - 40 * minute, until: start - 5 * minute };
    const amounts = bound([eventAt(start)], before(30, 10), span);
    expect(amounts.all.near).toMatchObject({ total: 25, joint: 15 });
    expect(amounts.all.urgent).toMatchObject({ total: 10, joint: 5 });
    expect(amounts.all.atStart).toMatchObject({ total: 0, joint: 0 });
  });

  it('has at most as many fresh far events as calls were made within the goal', () => {
    const { all, ours } = bound([eventAt(start), eventAt(start), eventAt(start + day, true)], before(1_500));
    // From 48 hours to one before the start; the last day of the first two is the first of the third.
    expect(all.far).toEqual({ total: 3 * 47 * 60, joint: 71 * 60, alone: 71 * 60 });
    expect(ours.far).toEqual({ total: 47 * 60, joint: 47 * 60, alone: 47 * 60 });
  });

  it('is the value of the best of all ways to give the calls to events, or more', () => {
    const example = fc.record({
      starts: fc.array(fc.record({ at: fc.nat(30), isOurs: fc.boolean() }), { minLength: 1, maxLength: 3 }),
      moments: fc.uniqueArray(fc.integer({ min: -90, max: 30 }), { minLength: 1, maxLength: 5 }),
    });
    fc.assert(
      fc.property(example, ({ starts, moments }) => {
        const events = starts.map(({ at, isOurs }) => eventAt(start + at * minute, isOurs));
        const times = moments.toSorted((a, b) => a - b).map((at) => start + at * minute);
        let best = 0;
        for (let code = 0; code < events.length ** times.length; code += 1) {
          const holder = times.map((_, index) => Math.floor(code / events.length ** index) % events.length);
          const copied = events.map((event, index) => ({
            ...event,
            copiedAt: times.filter((_, call) => holder[call] === index),
          }));
          best = Math.max(best, valueOf(reached(copied), weights));
        }
        expect(valueOf(bound(events, times), weights)).toBeGreaterThanOrEqual(best - 1e-6);
      }),
      { numRuns: 30 },
    );
  });

  it.each(strategyNames)('is never below what %s reaches with its calls', (name) => {
    const scenario = readScenario(
      {
        seed: 7,
        from: '2026-11-02T17:00:00Z',
        days: 0.08,
        clubs: [{ riders: 60 }],
      },
      zwiftracing,
    );
    const simulation = runSimulation(scenario, name);
    const events = eventsOf(simulation);
    const span = { from: simulation.from, until: simulation.until };
    const moments = events.flatMap(({ copiedAt }) => copiedAt).toSorted((a, b) => a - b);
    const most = bound(events, moments, span);
    const own = reached(events, span);
    expect(own.all.atStart.total).toBeGreaterThan(5);
    expect(valueOf(most, weights)).toBeGreaterThanOrEqual(valueOf(own, weights) - 1e-6);
    for (const set of ['all', 'ours'] as const)
      for (const row of ['urgent', 'near', 'lastHour', 'far', 'atStart'] as const) {
        expect(most[set][row].total).toBeCloseTo(own[set][row].total);
        expect(most[set][row].alone).toBeGreaterThanOrEqual(own[set][row].joint - 1e-6);
      }
  });
});

describe('the days of the bound', () => {
  const scenario = readScenario({ seed: 7, days: 2, warmUp: '1d', clubs: [{ riders: 60 }] }, zwiftracing);

  it('have each event once', () => {
    const simulation = createSimulation(scenario);
    const measured = reached(eventsOf(simulation), { from: simulation.from + day, until: simulation.until });
    const days = boundDays(scenario).map((begin) => boundOfDay(scenario, begin, () => []));
    for (const row of ['urgent', 'near', 'lastHour', 'far', 'atStart'] as const) {
      expect(measured.all[row].total).toBeGreaterThan(50);
      expect(sum(days.map(({ all }) => all[row].total))).toBeCloseTo(measured.all[row].total);
      expect(sum(days.map(({ ours }) => ours[row].total))).toBeCloseTo(measured.ours[row].total);
    }
  });

  it('have calls a window and its margin after the response of the last', () => {
    const moments = callMoments(runSimulation({ ...scenario, days: 0.01 }, 'paceline'));
    expect(moments).toHaveLength(14);
    for (const [index, at] of moments.slice(1).entries())
      expect(at - (moments[index] ?? 0)).toBeGreaterThan(62_000);
  });

  it('are optimised each alone', () => {
    const [first = 0] = boundDays(scenario);
    const { all } = boundOfDay(scenario, first, solve);
    expect(all.urgent.total).toBeGreaterThan(0);
    expect(all.urgent.joint).toBeLessThanOrEqual(all.urgent.alone);
  });
});
