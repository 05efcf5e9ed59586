import { describe, expect, it } from 'vitest';
import { at, minute, now } from '@paceline/client/testing';
import { dragged, momentRange, moved, shownRange, zoomed } from './layout.ts';

describe('what part of time is shown', () => {
  it('follows now until somebody chooses', () => {
    expect(shownRange(null, now)).toEqual({ from: now - 180 * minute, to: now + 60 * minute });
    expect(shownRange({ from: 1, to: 2 }, now)).toEqual({ from: 1, to: 2 });
  });

  it('is the time around a moment that somebody was sent to', () => {
    expect(momentRange(at(0))).toEqual({ from: now - 30 * minute, to: now + 30 * minute });
    expect(momentRange(undefined)).toBeNull();
    expect(momentRange('yesterday')).toBeNull();
  });

  it('is what was dragged over, in either direction; a click is no drag', () => {
    expect(dragged(now + 10 * minute, now)).toEqual({ from: now, to: now + 10 * minute });
    expect(dragged(now, now + 100)).toBeUndefined();
  });

  it('is zoomed around its middle, within reason, and moved along', () => {
    const hour = { from: now, to: now + 60 * minute };
    expect(zoomed(hour, 0.5)).toEqual({ from: now + 15 * minute, to: now + 45 * minute });
    expect(zoomed(hour, 1e9)).toEqual({
      from: now + 30 * minute - 24 * 60 * minute,
      to: now + 30 * minute + 24 * 60 * minute,
    });
    expect(moved(hour, 0.5)).toEqual({ from: now + 30 * minute, to: now + 90 * minute });
  });
});
