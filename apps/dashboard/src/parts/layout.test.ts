import { describe, expect, it } from 'vitest';
import { at, minute, now } from '@paceline/client/testing';
import { truncate, timeAxis } from './layout.ts';

describe('a time axis', () => {
  const axis = timeAxis(now, now + 60 * minute, 600);

  it('maps a time to its position, clamped to the axis', () => {
    expect(axis.x(now + 15 * minute)).toBe(150);
    expect(axis.x(now - minute)).toBe(0);
    expect(axis.x(now + 61 * minute)).toBe(600);
  });

  it('maps a position back to its time', () => expect(axis.timeAt(150)).toBe(now + 15 * minute));

  it('has its ticks at round times', () => {
    expect(axis.ticks.map(({ label }) => label)).toEqual(['18:30', '18:45', '19:00', '19:15', '19:30']);
    const seconds = timeAxis(now, Date.parse(at(0.5)), 300);
    expect(seconds.ticks[1]?.label).toBe('18:30:15');
  });
});

it('a text is cut only when it is wider than its row', () => {
  expect(truncate('signups of event 77', 700)).toBe('signups of event 77');
  expect(truncate('signups of event 77', 69)).toBe('signups o…');
  expect(truncate('signups', 0)).toBe('…');
});
