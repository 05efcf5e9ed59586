import { describe, expect, it } from 'vitest';
import { utilisation } from './utilisation.ts';

const policy = { limit: 2, windowMs: 100 };

describe('how much of a limit was used', () => {
  it('is all of it for N in every window, in bursts or evenly', () => {
    expect(utilisation([0, 0, 100, 100, 200, 200], policy)).toBe(1);
    expect(utilisation([0, 50, 100, 150, 200], policy)).toBe(1);
  });

  it('is half for N in every two windows', () => {
    expect(utilisation([0, 0, 200, 200, 400, 400], policy)).toBe(0.5);
  });

  it('is unknown of too few', () => {
    expect(utilisation([0, 50], policy)).toBeNaN();
  });
});
