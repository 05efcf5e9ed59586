import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SimulationResult } from './core/result.ts';
import { readScenario } from './core/scenario.ts';
import { type StrategyName, strategyNames } from './core/simulate.ts';
import { inParallel } from './in-parallel.ts';

const { zwiftracing } = loadUpstreams({});
const team = JSON.parse(readFileSync(new URL('../scenarios/team.json', import.meta.url), 'utf8')) as object;

describe('a day of a team with each strategy', () => {
  const results = {} as Record<StrategyName, SimulationResult>;
  const others = strategyNames.filter((name) => name !== 'paceline');

  beforeAll(async () => {
    const scenario = readScenario({ ...team, days: 1.25, warmUp: '6h' }, zwiftracing);
    const simulated = await inParallel.simulateAll(strategyNames.map((strategy) => ({ scenario, strategy })));
    for (const [index, name] of strategyNames.entries()) results[name] = simulated[index] as SimulationResult;
  });

  it('has no rejected calls with paceline and hundreds with every other', () => {
    const rejected = (name: StrategyName) =>
      Object.values(results[name].budgets).reduce((sum, budget) => sum + budget.rejected, 0);
    expect(rejected('paceline')).toBe(0);
    for (const name of others) expect([name, rejected(name) > 100]).toEqual([name, true]);
  });

  it.each(['all', 'ours'] as const)(
    'is freshest with paceline in the last hour before a start: %s events',
    (events) => {
      const lastHour = (name: StrategyName) => results[name].freshness[events].lastHour;
      for (const name of others) expect([name, lastHour('paceline') > lastHour(name)]).toEqual([name, true]);
    },
  );

  it('stores an added rider as soon as with any other, and the last of a burst sooner', () => {
    const { manual } = results.paceline;
    expect(manual).toMatchObject({ clicked: 20, stored: 20, refused: 0 });
    for (const name of others) {
      const other = results[name].manual;
      // Half of them wait for the call alone; the request to the limiter adds a little.
      expect([name, manual.p50 < other.p50 + 100]).toEqual([name, true]);
      expect([name, manual.p99 < other.p99, manual.max < other.max]).toEqual([name, true, true]);
    }
  });
});
