import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { describe, expect, it } from 'vitest';
import { resultOf } from './result.ts';
import { importsOf, readScenario } from './scenario.ts';
import { runSimulation, strategyNames } from './simulate.ts';

const { zwiftracing } = loadUpstreams({});
const minute = 60_000;
const hour = 60 * minute;
const from = Date.parse('2026-11-02T15:00:00Z');

const scenarioOf = (more: object) =>
  readScenario(
    { from: new Date(from).toISOString(), days: 0.08, clubs: [{ riders: 50 }], ...more },
    zwiftracing,
  );

/** The calls of a budget, as minutes from the start and targets. */
const callsOf = ({ upstream }: ReturnType<typeof runSimulation>, budget: string) =>
  upstream.arrivals.flatMap((call) =>
    call.budget === budget ? [{ at: (call.arrivedAt - from) / minute, path: call.path }] : [],
  );

describe('an import', () => {
  const scenario = scenarioOf({ imports: [{ after: '10m', riders: 1_200 }] });

  it('takes as few bulk calls as possible, one per window', () => {
    const simulation = runSimulation(scenario, 'paceline');
    const [first, second] = callsOf(simulation, 'riders_bulk');
    expect([first?.path, second?.path]).toEqual(['1000 riders', '200 riders']);
    expect(second?.at).toBeGreaterThan((first?.at ?? 0) + 15);
    const { imports, budgets } = resultOf(simulation);
    expect(imports).toMatchObject({ riders: 1_200, stored: 1_200, refused: 0 });
    expect(imports.max).toBeLessThan(18 * minute);
    expect(budgets.riders_single).toBeUndefined();
  });

  it.each(strategyNames)('is stored completely: %s', (name) => {
    expect(resultOf(runSimulation(scenario, name)).imports).toMatchObject({ stored: 1_200, refused: 0 });
  });

  it('of a few riders uses GETs', () => {
    const simulation = runSimulation(scenarioOf({ imports: [{ after: '10m', riders: 4 }] }), 'paceline');
    expect(callsOf(simulation, 'riders_single')).toHaveLength(4);
    expect(resultOf(simulation).imports.max).toBeLessThan(10_000);
  });

  it('fails after three lost bulk calls, and what waits behind it is fetched', () => {
    const simulation = runSimulation(
      scenarioOf({
        days: 0.12,
        imports: [
          { after: '10m', riders: 900 },
          { after: '100m', riders: 100 },
        ],
        faults: { daily: [{ from: '15:00', until: '16:30', serverErrors: 1 }] },
      }),
      'paceline',
    );
    expect(resultOf(simulation).imports).toMatchObject({ stored: 100, refused: 900 });
    const calls = callsOf(simulation, 'riders_bulk').map(({ path }) => path);
    expect(calls).toEqual(['900 riders', '900 riders', '900 riders', '100 riders']);
  });

  it('gives each command riders of its own, outside the clubs', () => {
    const ids = importsOf(
      scenarioOf({
        days: 1,
        imports: [
          { after: '1h', riders: 10 },
          { after: '2h', riders: 10 },
          { after: '2d', riders: 10 },
        ],
      }),
    ).flatMap(({ riderIds }) => riderIds);
    expect(new Set(ids).size).toBe(20);
  });
});

describe('riders outside the clubs', () => {
  it('are refreshed in every cycle of the rider sync', () => {
    const simulation = runSimulation(
      scenarioOf({ days: 0.7, imports: [{ after: '10m', riders: 300 }], manualAdds: { perDay: 10 } }),
      'paceline',
    );
    expect(simulation.tally.outsiders.map(({ known }) => known > 300)).toEqual([true, true]);
    expect(resultOf(simulation).outsiders).toBe(1);
  });
});

describe('results', () => {
  const on = { settings: { SYNC_RESULTS: 'on' } };

  it('are fetched from an hour after the start of an event, and again until they are rated', () => {
    const simulation = runSimulation(scenarioOf({ days: 0.3, ...on }), 'paceline');
    const { world, tally } = simulation;
    const starts = new Map(
      world.startingIn(from - 6 * hour, from + 12 * hour).map(({ id, start }) => [String(id), start]),
    );
    const calls = callsOf(simulation, 'results');
    expect(calls.length).toBeGreaterThan(20);
    for (const { at, path } of calls)
      expect(at * minute + from).toBeGreaterThan((starts.get(path) ?? 0) + hour);
    const all = [...tally.results.values()];
    expect(all.some(({ storedAt = 0, ratedAt = 0 }) => ratedAt > storedAt)).toBe(true);
    const { results } = resultOf(simulation);
    expect(results.stored).toBe(all.length);
    expect(results.stored).toBeLessThanOrEqual(results.events);
    expect(results.ratedStored).toBeLessThanOrEqual(results.rated);
  });

  it('are not fetched while their sync is off, as by default', () => {
    const simulation = runSimulation(scenarioOf({}), 'paceline');
    expect(callsOf(simulation, 'results')).toEqual([]);
    expect(resultOf(simulation).results).toMatchObject({ stored: 0 });
  });
});

describe('faults at times of day', () => {
  it('apply from their start to their end', () => {
    const simulation = runSimulation(
      scenarioOf({ faults: { daily: [{ from: '15:30', until: '16:00', serverErrors: 1 }] } }),
      'paceline',
    );
    const copies = [...simulation.tally.copies.values()].flat().map((at) => (at - from) / hour);
    expect(copies.filter((at) => at > 0.51 && at < 1)).toEqual([]);
    expect(copies.filter((at) => at < 0.5).length).toBeGreaterThan(10);
    expect(copies.filter((at) => at > 1).length).toBeGreaterThan(10);
  });

  it.each(['first-hit', 'sliding', 'sliding-counting-rejects', 'clock-aligned'])(
    'have no call rejected while upstream counts like this and forgets: %s',
    (enforcement) => {
      const simulation = runSimulation(
        scenarioOf({
          manualAdds: { bursts: [{ at: '15:40:00', count: 12, within: '10s' }] },
          faults: {
            daily: [
              {
                from: '15:20',
                until: '16:40',
                serverErrors: 0.1,
                hangs: 0.05,
                enforcement,
                forgetsEvery: '20m',
              },
            ],
          },
        }),
        'paceline',
      );
      for (const { rejected } of Object.values(resultOf(simulation).budgets)) expect(rejected).toBe(0);
    },
  );
});

describe('a sync that is off or observed', () => {
  it.each(['off', 'observed'])('makes no calls: %s', (mode) => {
    const settings = { SYNC_RIDER: mode, SYNC_NEAR: mode, SYNC_FAR: mode, SYNC_RESULTS: mode };
    expect(runSimulation(scenarioOf({ settings }), 'paceline').upstream.arrivals).toEqual([]);
  });
});
