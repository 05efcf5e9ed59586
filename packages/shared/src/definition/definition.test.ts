import { describe, expect, it } from 'vitest';
import { parseCatchUp, parseOpening } from '../config/index.ts';
import {
  budgetNames,
  budgets,
  budgetsOf,
  classNames,
  durationMs,
  freshnessClasses,
  horizonMs,
  kindNames,
  kinds,
  laneNames,
  lanes,
  slotHeadStartMs,
} from './index.ts';

describe('budgets', () => {
  it('share no call: the sandbox and the log find the budget of a call by its path', () => {
    const calls = budgetNames.flatMap((name) => budgets[name].calls);
    expect(new Set(calls).size).toBe(calls.length);
  });

  it.each(budgetNames)('%s gives a call longer than it usually takes', (name) => {
    expect(budgets[name].timeoutMs).toBeGreaterThan(budgets[name].typicalMs);
  });

  it.each(budgetNames)('%s leaves a place to every lane, whatever is reserved', (name) => {
    const { limits, reserve } = budgets[name];
    for (const { limit } of Object.values(limits)) expect(Math.max(1, limit - reserve)).toBeGreaterThan(0);
    expect(reserve).toBeGreaterThanOrEqual(0);
  });
});

describe('lanes', () => {
  it('are in the order of their head starts, forced ones first', () => {
    const starts = laneNames.map((name) => lanes[name].headStartMs);
    expect(starts).toEqual(starts.toSorted((a, b) => b - a));
    const forced = laneNames.map((name) => lanes[name].forced);
    expect(forced).toEqual(forced.toSorted((a, b) => Number(b) - Number(a)));
  });

  it('part forced from others by more than an open slot gives: a slot never outranks a person', () => {
    const [least, most] = [true, false].map((forced) =>
      laneNames.filter((name) => lanes[name].forced === forced).map((name) => lanes[name].headStartMs),
    );
    expect(Math.min(...(least ?? [])) - Math.max(...(most ?? []))).toBeGreaterThan(slotHeadStartMs);
  });
});

describe('kinds of sync', () => {
  it.each(kindNames)('%s has slots that the scheduler can read', (kind) => {
    const { opens, duration, catchUp } = kinds[kind];
    expect(parseOpening(opens)).toBeDefined();
    expect(durationMs(duration)).toBeGreaterThan(0);
    expect(parseCatchUp(catchUp)).toBeDefined();
  });

  it.each(kindNames)('%s waits in no forced lane, and calls each of its budgets once for a thing', (kind) => {
    expect(lanes[kinds[kind].lane].forced).toBe(false);
    const called = budgetsOf(kind);
    expect(new Set(called).size).toBe(called.length);
  });
});

describe('freshness classes', () => {
  it('follow each other without a gap, from the horizon to the start', () => {
    const spans = classNames.map((name) => [freshnessClasses[name].untilMs, freshnessClasses[name].fromMs]);
    expect(spans[0]?.[0]).toBe(0);
    for (const [index, [, begins]] of spans.entries())
      expect(spans[index + 1]?.[0] ?? horizonMs).toBe(begins);
  });

  it.each(classNames)('%s has a goal that its own time lets it reach', (name) => {
    const { goal, fromMs } = freshnessClasses[name];
    expect(durationMs(goal)).toBeLessThanOrEqual(fromMs);
  });
});
