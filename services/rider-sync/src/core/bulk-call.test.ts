import type { RiderItem, Skipped } from '@paceline/shared/zwiftracing';
import { describe, expect, it } from 'vitest';
import { outcomesOf, refreshFrom } from './bulk-call.ts';

// Only the id of a rider is looked at.
const item = (riderId: number) => ({ rider: { riderId }, raw: { riderId } }) as RiderItem;
const unreadable = (id: string | null): Skipped => ({
  index: 0,
  id,
  reason: 'name: must be text',
  rawStart: '',
});

describe('a bulk answer', () => {
  it('is read by the ids of its riders, in whatever order they come, and none that was not requested counts', () => {
    const answer = { riders: [item(9), item(3), item(1)], missing: [2], skipped: [] };
    expect(outcomesOf([1, 2, 3], answer)).toEqual([
      { riderId: 1, outcome: 'done', reason: null },
      { riderId: 2, outcome: 'failed', reason: 'ZwiftRacing knows no rider 2' },
      { riderId: 3, outcome: 'done', reason: null },
    ]);
  });

  it('with an item that can not be read costs that rider only, and says why', () => {
    const answer = { riders: [item(1)], missing: [3], skipped: [unreadable('2')] };
    expect(outcomesOf([1, 2, 3], answer).map(({ reason }) => reason)).toEqual([
      null,
      "What ZwiftRacing says of rider 2 can't be read: name: must be text",
      'ZwiftRacing knows no rider 3',
    ]);
  });

  it('with an item without a readable id says of no rider that it is unknown', () => {
    const answer = { riders: [item(1)], missing: [2, 3], skipped: [unreadable(null)] };
    expect(outcomesOf([1, 2, 3], answer).map(({ reason }) => reason)).toEqual([
      null,
      'ZwiftRacing says nothing readable of rider 2',
      'ZwiftRacing says nothing readable of rider 3',
    ]);
  });
});

describe('a run that refreshes riders', () => {
  it('requests bulk calls late in its slot, the earlier the more it needs', () => {
    const minute = 60_000;
    expect(refreshFrom(100 * minute, 1, 0)).toBe(98 * minute);
    expect(refreshFrom(100 * minute, 1_000, 0)).toBe(98 * minute);
    expect(refreshFrom(100 * minute, 2_001, 0)).toBe(94 * minute);
    expect(refreshFrom(100 * minute, 1, 30 * minute)).toBe(70 * minute);
  });
});
