import { describe, expect, it } from 'vitest';
import type { Permit } from '@paceline/client';
import { at, now } from '@paceline/client/testing';
import { askFrom, layoutDay, mergePermits } from './layout.ts';

const permit = (id: string, start: number, given: Partial<Permit> = {}): Permit => ({
  permit: id,
  budget: 'signups',
  lane: 'near_event_normal',
  startedAt: at(start),
  endedAt: at(start + 0.1),
  result: 'answered',
  status: 200,
  ...given,
});

describe('the last day', () => {
  /** A pixel is a minute. */
  const signups = (...permits: Permit[]) =>
    layoutDay(permits, now, 1_440).strips.find(({ budget }) => budget === 'signups');

  it('has a strip for each budget, in which calls are where they were in time', () => {
    const { strips } = layoutDay([permit('a', -60, { budget: 'clubs', lane: 'rider_sync' })], now, 1_440);
    expect(strips).toHaveLength(6);
    expect(strips.find(({ budget }) => budget === 'clubs')).toMatchObject({
      calls: 1,
      ticks: [{ x: 1_380, lane: 'rider_sync' }],
    });
  });

  it('draws calls of one lane within one pixel once, and counts them all', () => {
    const strip = signups(
      permit('a', -30),
      permit('b', -29.8),
      permit('c', -29.6, { lane: 'far_event_sync' }),
    );
    expect(strip?.calls).toBe(3);
    expect(strip?.ticks).toHaveLength(2);
  });

  it('crosses out what upstream rejected', () => {
    const strip = signups(permit('a', -720), permit('b', -360, { status: 429 }));
    expect(strip?.crosses).toEqual([{ permit: 'b', x: 1_080 }]);
    expect(strip?.rejected).toBe(1);
  });

  it('leaves out what was never sent, and what was before', () => {
    expect(signups(permit('a', -5, { result: 'not_sent' }), permit('b', -1_500))?.calls).toBe(0);
  });
});

describe('what is known of the day', () => {
  it('is kept, and only what is new is asked for', () => {
    const known = [
      permit('old', -1_441),
      permit('a', -20),
      permit('b', -10, { endedAt: null, result: null, status: null }),
    ];
    expect(askFrom([])).toBeUndefined();
    expect(askFrom(known.slice(0, 2))).toBe(at(-20));
    expect(askFrom(known)).toBe(at(-10));
    expect(askFrom([permit('never ended', -300, { endedAt: null }), permit('a', -20)])).toBe(at(-20));
    const merged = mergePermits(known, [permit('b', -10), permit('c', -1)], now);
    expect(merged.map(({ permit: id, status }) => [id, status])).toEqual([
      ['a', 200],
      ['b', 200],
      ['c', 200],
    ]);
  });
});
