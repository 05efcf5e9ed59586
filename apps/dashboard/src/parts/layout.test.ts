import { describe, expect, it } from 'vitest';
import { at, minute, now } from '@paceline/client/testing';
import { fitted, timeAxis } from './layout.ts';

describe('a time axis', () => {
  const axis = timeAxis(now, now + 60 * minute, 600);

  it('puts moments where they are, and those beyond an edge at the edge', () => {
    expect(axis.x(now + 15 * minute)).toBe(150);
    expect(axis.x(now - minute)).toBe(0);
    expect(axis.x(now + 61 * minute)).toBe(600);
  });

  it('finds the moment of a place again', () => expect(axis.momentAt(150)).toBe(now + 15 * minute));

  it('has its ticks at round moments', () => {
    expect(axis.ticks.map(({ words }) => words)).toEqual(['18:30', '18:45', '19:00', '19:15', '19:30']);
    const seconds = timeAxis(now, Date.parse(at(0.5)), 300);
    expect(seconds.ticks[1]?.words).toBe('18:30:15');
  });
});

it('words that have room are left alone, and others are cut where it ends', () => {
  expect(fitted('signups of event 77', 700)).toBe('signups of event 77');
  expect(fitted('signups of event 77', 69)).toBe('signups o…');
  expect(fitted('signups', 0)).toBe('…');
});
