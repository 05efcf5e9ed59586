import { describe, expect, it } from 'vitest';
import type { Permit } from '@paceline/client';
import { at, now } from '@paceline/client/testing';
import { budgetNames } from '@paceline/shared/definition';
import { readSince, layoutDay, mergePermits } from './layout.ts';

const permit = (id: string, start: number, given: Partial<Permit> = {}): Permit => ({
  permitId: id,
  upstream: 'zwiftracing',
  endpoint: 'signups',
  budgets: ['signups'],
  lane: 'near_event_normal',
  target: '77',
  program: null,
  reason: null,
  freshUntil: null,
  startedAt: at(start),
  finishedAt: at(start + 0.1),
  result: 'answered',
  status: 200,
  ...given,
});

describe('the day strips', () => {
  /** One pixel per minute. */
  const signups = (...permits: Permit[]) =>
    layoutDay(permits, budgetNames, now, 1_440).strips.find(({ budget }) => budget === 'signups');

  it('show the calls of each budget at their start times', () => {
    const clubs = permit('a', -60, { budgets: ['clubs'], lane: 'rider_sync' });
    const { strips } = layoutDay([clubs], budgetNames, now, 1_440);
    expect(strips).toHaveLength(6);
    expect(strips.find(({ budget }) => budget === 'clubs')).toMatchObject({
      calls: 1,
      ticks: [{ x: 1_380, lane: 'rider_sync' }],
    });
  });

  it('show a call in all budgets in which it counts, and count it once', () => {
    const budgets = ['strava:read_15m', 'strava:read_day'];
    const { strips, calls, rejected } = layoutDay(
      [permit('a', -60, { budgets, status: 429 })],
      budgets,
      now,
      1_440,
    );
    expect(strips.map((strip) => [strip.calls, strip.rejected])).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect([calls, rejected]).toEqual([1, 1]);
  });

  it('draw calls of one lane in one pixel once, and count them all', () => {
    const strip = signups(
      permit('a', -30),
      permit('b', -29.8),
      permit('c', -29.6, { lane: 'far_event_sync' }),
    );
    expect(strip?.calls).toBe(3);
    expect(strip?.ticks).toHaveLength(2);
  });

  it('mark calls that upstream rejected with a cross', () => {
    const strip = signups(permit('a', -720), permit('b', -360, { status: 429 }));
    expect(strip?.crosses).toEqual([{ permitId: 'b', x: 1_080 }]);
    expect(strip?.rejected).toBe(1);
  });

  it('leave out calls before the last day', () => {
    expect(signups(permit('a', -5), permit('b', -1_500))?.calls).toBe(1);
  });
});

describe('the permits of the day', () => {
  it('are kept, and only new and unfinished ones are read again', () => {
    const known = [
      permit('old', -1_441),
      permit('a', -20),
      permit('b', -10, { finishedAt: null, result: null, status: null }),
    ];
    expect(readSince([])).toBeUndefined();
    expect(readSince(known.slice(0, 2))).toBe(at(-20));
    expect(readSince(known)).toBe(at(-10));
    expect(readSince([permit('never ended', -300, { finishedAt: null }), permit('a', -20)])).toBe(at(-20));
    const merged = mergePermits(known, [permit('b', -10), permit('c', -1)], now);
    expect(merged.map(({ permitId, status }) => [permitId, status])).toEqual([
      ['a', 200],
      ['b', 200],
      ['c', 200],
    ]);
  });
});
