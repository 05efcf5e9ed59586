import { type BudgetName, mapValues } from '@paceline/shared/definition';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { describe, expect, it } from 'vitest';
import { latencyOf } from './limiter.ts';

const minutes = (count: number) => count * 60_000;
const { budgets } = loadUpstreams({}).zwiftracing;
const sameForAll = { limit: 1, windowMs: minutes(1) };

it('the upstream file has the documented limits, and a cautious guess for events and signups', () => {
  expect(mapValues(budgets, ({ limits }) => limits.standard)).toMatchObject({
    clubs: { limit: 1, windowMs: minutes(60) },
    riders_bulk: { limit: 1, windowMs: minutes(15) },
    riders_single: { limit: 5, windowMs: minutes(1) },
    results: sameForAll,
    events: sameForAll,
    signups: sameForAll,
  });
  expect(mapValues(budgets, ({ limits }) => limits.premium)).toMatchObject({
    clubs: { limit: 10, windowMs: minutes(60) },
    riders_bulk: { limit: 10, windowMs: minutes(15) },
    riders_single: { limit: 10, windowMs: minutes(1) },
    results: sameForAll,
    events: sameForAll,
    signups: sameForAll,
  });
});

describe('latency', () => {
  const latencies = (budget: BudgetName) =>
    Array.from({ length: 200 }, (_, seq) => latencyOf(1, budget, seq) / 1000);

  it('is over a minute for a club page, about 50 s for a bulk call, and seconds for other calls', () => {
    expect(Math.min(...latencies('clubs'))).toBeGreaterThan(60);
    expect(Math.max(...latencies('clubs'))).toBeLessThan(120);
    expect(Math.min(...latencies('riders_bulk'))).toBeGreaterThan(45);
    expect(Math.max(...latencies('riders_bulk'))).toBeLessThan(60);
    for (const budget of ['riders_single', 'results', 'events', 'signups'] as const) {
      expect(Math.min(...latencies(budget))).toBeGreaterThanOrEqual(1);
      expect(Math.max(...latencies(budget))).toBeLessThanOrEqual(4);
    }
  });

  it('differs between calls and is the same for the same seed', () => {
    expect(new Set(latencies('clubs')).size).toBeGreaterThan(150);
    expect(latencies('events')).toEqual(latencies('events'));
    expect(latencyOf(2, 'clubs', 1)).not.toBe(latencyOf(1, 'clubs', 1));
  });
});
