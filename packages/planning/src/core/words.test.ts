import { count, howLong, rate } from '@paceline/shared/words';
import { describe, expect, it } from 'vitest';
import { range, wallOf } from './words.ts';

describe('words', () => {
  it.each([
    [45_000, '45 s'],
    [60_000, '1 min'],
    [5_400_000, '90 min'],
    [18_600_000, '5.2 h'],
    [Infinity, 'never'],
  ])('tell %d ms as "%s"', (ms, text) => {
    expect(howLong(ms)).toBe(text);
  });

  it('count and rate', () => {
    expect(count(1, 'call')).toBe('1 call');
    expect(rate({ limit: 5, windowMs: 60_000 })).toBe('5 calls per 1 min');
    expect([range(3, 3), range(1, 4)]).toEqual(['3', '1 to 4']);
  });

  it('tell moments as the clocks of the time zone do', () => {
    const wall = wallOf('Europe/Stockholm');
    const opens = Date.parse('2026-03-29T00:55Z');
    expect(wall.moment(opens)).toBe('Sun 29 Mar 01:55');
    const slot = {
      slotId: 'slot:near:x',
      kind: 'near' as const,
      scheduledFor: opens,
      endsAt: opens + 600_000,
    };
    expect(wall.slot(slot)).toBe('01:55–03:05');
  });
});
