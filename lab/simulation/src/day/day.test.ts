import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { describe, expect, it } from 'vitest';
import { twiceTheDay } from './demand.ts';
import { judgeDay } from './judge-day.ts';
import { simulateDay } from './simulate-day.ts';

const quarterHour = 900_000;
const upstream = loadUpstreams({ UPSTREAMS: 'zwiftracing,strava' })['strava']!;

describe.each([1, 2, 3])('a day at twice the demand, seed %i', (seed) => {
  const judged = judgeDay(simulateDay(upstream, twiceTheDay(upstream, seed), seed), upstream);

  it('has no rejected call, and no window with more calls than its limit', () => {
    for (const { name, limit, fullest, rejected } of judged.budgets) {
      expect(rejected, name).toBe(0);
      expect(fullest, name).toBeLessThanOrEqual(limit);
    }
  });

  it.each(['overall_day', 'read_day'])('uses at least 99 %% of %s', (name) => {
    const { calls, limit } = judged.budgets.find((each) => each.name === name)!;
    expect(calls).toBeGreaterThanOrEqual(0.99 * limit);
  });

  it('never lets a person wait for the day', () => {
    const person = judged.lanes.filter(({ lane }) => lane === 'person');
    expect(person).toHaveLength(1);
    expect(person[0]).toMatchObject({ requested: 80, called: 80, gaveUp: 0 });
    expect(person[0]!.longestWait).toBeLessThan(quarterHour);
  });

  it('is certified by the auditor', () => {
    const findings = judged.audit.partitions.flatMap((each) => each.findings);
    expect(findings).toEqual([]);
    expect(judged.audit.certified).toBe(true);
  });
});
