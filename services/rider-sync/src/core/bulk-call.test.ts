import type { RiderItem, SkippedItem } from '@paceline/shared/zwiftracing';
import { describe, expect, it } from 'vitest';
import { isDoubtful, outcomesOf, refreshStart, targetOf } from './bulk-call.ts';

// Only the rider id matters here.
const item = (riderId: number) => ({ rider: { riderId }, raw: { riderId } }) as RiderItem;
const unreadable = (id: string | null): SkippedItem => ({
  index: 0,
  id,
  reason: 'name: must be text',
  rawStart: '',
});

describe('outcomesOf', () => {
  it('matches riders by id in any order and ignores those that were not requested', () => {
    const answer = { riders: [item(9), item(3), item(1)], missing: [2], skipped: [] };
    expect(outcomesOf([1, 2, 3], answer)).toEqual([
      { riderId: 1, outcome: 'done', reason: null },
      { riderId: 2, outcome: 'failed', reason: 'ZwiftRacing has no rider 2' },
      { riderId: 3, outcome: 'done', reason: null },
    ]);
  });

  it('fails only the rider of an unreadable item, with the reason', () => {
    const answer = { riders: [item(1)], missing: [3], skipped: [unreadable('2')] };
    expect(outcomesOf([1, 2, 3], answer).map(({ reason }) => reason)).toEqual([
      null,
      "ZwiftRacing's data for rider 2 can't be read: name: must be text",
      'ZwiftRacing has no rider 3',
    ]);
  });

  it('reports no rider as unknown when an item has no readable id', () => {
    const answer = { riders: [item(1)], missing: [2, 3], skipped: [unreadable(null)] };
    expect(outcomesOf([1, 2, 3], answer).map(({ reason }) => reason)).toEqual([
      null,
      'ZwiftRacing returned no readable data for rider 2',
      'ZwiftRacing returned no readable data for rider 3',
    ]);
  });
});

describe('refreshStart', () => {
  it('is late in the slot, and earlier the more calls are needed', () => {
    const minute = 60_000;
    const slot = { startedAt: 90 * minute, slotEndsAt: 100 * minute };
    expect(refreshStart(slot, 1, 1_000, 0)).toBe(98 * minute);
    expect(refreshStart(slot, 1_000, 1_000, 0)).toBe(98 * minute);
    expect(refreshStart(slot, 2_001, 1_000, 0)).toBe(94 * minute);
    expect(refreshStart(slot, 1, 1_000, 30 * minute)).toBe(70 * minute);
  });

  it('is ten minutes after the start of a run that has hours, as a late one does', () => {
    const minute = 60_000;
    expect(refreshStart({ startedAt: 0, slotEndsAt: 360 * minute }, 1, 1_000, 0)).toBe(10 * minute);
  });
});

describe('isDoubtful', () => {
  const ids = (count: number, from = 1) => Array.from({ length: count }, (_, index) => from + index);

  it.each([
    ['no rider is in it', ids(200), [], [], true],
    ['a few new riders are all missing', ids(4), [], [], true],
    ['two new riders are missing', ids(2), [], [], false],
    ['the only stored rider is missing', ids(1), ids(1), [], true],
    ['most of the stored riders are missing', ids(100), ids(20), ids(85, 16), true],
    ['three of four stored riders are missing', ids(4), ids(4), [4], true],
    ['most of an import is unknown', ids(200), [], ids(50), false],
    ['some stored riders are missing', ids(100), ids(20), ids(91, 10), false],
    ['all are in it', ids(10), ids(10), ids(10), false],
  ])('when %s', (_, requested, stored, listed, expected) => {
    expect(isDoubtful(requested, stored, { riders: listed.map(item), skipped: [] })).toBe(expected);
  });

  it('does not count unreadable riders as missing', () => {
    const skipped = ids(4).map((id) => unreadable(String(id)));
    expect(isDoubtful(ids(4), ids(4), { riders: [], skipped })).toBe(false);
    expect(isDoubtful(ids(4), ids(4), { riders: [], skipped: [unreadable(null)] })).toBe(false);
  });
});

describe('targetOf', () => {
  it('names riders in free places apart from those that were requested', () => {
    expect(targetOf(7, 0)).toBe('7 riders');
    expect(targetOf(7, 40)).toBe('7 riders, and 40 riders outside the clubs in free places');
    expect(targetOf(1, 1)).toBe('1 rider, and 1 rider outside the clubs in free places');
    expect(targetOf(0, 42)).toBe('42 riders outside the clubs');
  });
});
