import { describe, expect, it } from 'vitest';
import { parseCatchUp, parseOpening } from '../config/index.ts';
import {
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

describe('lanes', () => {
  it('are ordered by head start, forced ones first', () => {
    const starts = laneNames.map((name) => lanes[name].headStartMs);
    expect(starts).toEqual(starts.toSorted((a, b) => b - a));
    const forced = laneNames.map((name) => lanes[name].forced);
    expect(forced).toEqual(forced.toSorted((a, b) => Number(b) - Number(a)));
  });

  it('keep a forced request ahead of any scheduled one, even during its slot', () => {
    const [forcedStarts, scheduledStarts] = [true, false].map((forced) =>
      laneNames.filter((name) => lanes[name].forced === forced).map((name) => lanes[name].headStartMs),
    );
    expect(Math.min(...(forcedStarts ?? [])) - Math.max(...(scheduledStarts ?? []))).toBeGreaterThan(
      slotHeadStartMs,
    );
  });
});

describe('sync kinds', () => {
  it.each(kindNames)('%s has slots that can be parsed', (kind) => {
    const { opens, duration, catchUp } = kinds[kind];
    expect(parseOpening(opens)).toBeDefined();
    expect(durationMs(duration)).toBeGreaterThan(0);
    expect(parseCatchUp(catchUp)).toBeDefined();
  });

  it.each(kindNames)('%s uses a lane that is not forced, and distinct budgets', (kind) => {
    expect(lanes[kinds[kind].lane].forced).toBe(false);
    const used = budgetsOf(kind);
    expect(new Set(used).size).toBe(used.length);
  });
});

describe('freshness classes', () => {
  it('cover the time from the horizon to the start without gaps', () => {
    const spans = classNames.map((name) => [freshnessClasses[name].untilMs, freshnessClasses[name].fromMs]);
    expect(spans[0]?.[0]).toBe(0);
    for (const [index, [, from]] of spans.entries()) expect(spans[index + 1]?.[0] ?? horizonMs).toBe(from);
  });

  it.each(classNames)('%s has a goal no longer than the class lasts', (name) => {
    const { goal, fromMs } = freshnessClasses[name];
    expect(durationMs(goal)).toBeLessThanOrEqual(fromMs);
  });
});
