import { describe, expect, it } from 'vitest';
import { ageSeconds, iso, isoOrNull } from './view.ts';

describe('a time', () => {
  it('is formatted as ISO 8601 in UTC, without fractions of milliseconds', () => {
    expect(iso(1_764_788_400_000)).toBe('2025-12-03T19:00:00.000Z');
    expect(iso(1_764_788_400_000.7)).toBe('2025-12-03T19:00:00.000Z');
  });

  it('stays null if it is unknown', () => {
    expect(isoOrNull(null)).toBeNull();
    expect(isoOrNull(0)).toBe('1970-01-01T00:00:00.000Z');
  });
});

describe('an age', () => {
  it('is in whole seconds', () => {
    expect(ageSeconds(0, 1_999)).toBe(1);
  });

  it("is never negative, even if another machine's clock is ahead", () => {
    expect(ageSeconds(5_000, 0)).toBe(0);
  });
});
