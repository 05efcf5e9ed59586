import { describe, expect, it } from 'vitest';
import { at, minute, now } from '@paceline/client/testing';
import { draggedRange, rangeAround, moved, shownRange, zoomed } from './layout.ts';

describe('the time range', () => {
  it('follows now until one is chosen', () => {
    expect(shownRange(null, now)).toEqual({ from: now - 180 * minute, to: now + 60 * minute });
    expect(shownRange({ from: 1, to: 2 }, now)).toEqual({ from: 1, to: 2 });
  });

  it('is the hour around a linked time', () => {
    expect(rangeAround(at(0))).toEqual({ from: now - 30 * minute, to: now + 30 * minute });
    expect(rangeAround(undefined)).toBeNull();
    expect(rangeAround('yesterday')).toBeNull();
  });

  it('is the dragged range in either direction, and unchanged by a click', () => {
    expect(draggedRange(now + 10 * minute, now)).toEqual({ from: now, to: now + 10 * minute });
    expect(draggedRange(now, now + 100)).toBeUndefined();
  });

  it('zooms around its middle within limits, and moves by a share of its length', () => {
    const hour = { from: now, to: now + 60 * minute };
    expect(zoomed(hour, 0.5)).toEqual({ from: now + 15 * minute, to: now + 45 * minute });
    expect(zoomed(hour, 1e9)).toEqual({
      from: now + 30 * minute - 24 * 60 * minute,
      to: now + 30 * minute + 24 * 60 * minute,
    });
    expect(moved(hour, 0.5)).toEqual({ from: now + 30 * minute, to: now + 90 * minute });
  });
});
