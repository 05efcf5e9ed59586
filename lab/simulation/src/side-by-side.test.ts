import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Result } from './core/result.ts';
import { readScenario } from './core/scenario.ts';
import { type StrategyName, strategyNames } from './core/simulate.ts';
import { inParallel } from './in-parallel.ts';

const team = JSON.parse(readFileSync(new URL('../scenarios/team.json', import.meta.url), 'utf8')) as object;

describe('a day of a team, by each strategy', () => {
  const results = {} as Record<StrategyName, Result>;
  const others = strategyNames.filter((name) => name !== 'paceline');

  beforeAll(async () => {
    const lived = await inParallel(readScenario({ ...team, days: 1.25, warmUp: '6h' }), strategyNames);
    for (const [index, name] of strategyNames.entries()) results[name] = lived[index] as Result;
  });

  it('hold no rejected call by ours, and hundreds by every other', () => {
    const rejected = (name: StrategyName) =>
      Object.values(results[name].budgets).reduce((sum, budget) => sum + budget.rejected, 0);
    expect(rejected('paceline')).toBe(0);
    for (const name of others) expect([name, rejected(name) > 100]).toEqual([name, true]);
  });

  it.each(['all', 'ours'] as const)('are freshest by ours in the last hour before a start: %s', (whose) => {
    const lastHour = (name: StrategyName) => results[name].freshness[whose].lastHour.share;
    for (const name of others) expect([name, lastHour('paceline') > lastHour(name)]).toEqual([name, true]);
  });

  it('bring a rider that somebody adds as soon as a call takes, and of a burst the last one sooner than any other', () => {
    const { manual } = results.paceline;
    expect(manual).toMatchObject({ clicked: 20, stored: 20, refused: 0 });
    for (const name of others) {
      const other = results[name].manual;
      // Half of them wait for nothing but the call: only the way to the limiter is on top.
      expect([name, manual.p50 < other.p50 + 100]).toEqual([name, true]);
      expect([name, manual.p99 < other.p99, manual.max < other.max]).toEqual([name, true, true]);
    }
  });

  it('are never better than the best that any schedule could reach', () => {
    for (const { freshness } of Object.values(results)) {
      for (const { urgent, near, far, lastHour } of [freshness.all, freshness.ours])
        for (const { share, best } of [urgent, near, far, lastHour]) expect(share).toBeLessThanOrEqual(best);
    }
  });
});
