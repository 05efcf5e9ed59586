import { describe, expect, it } from 'vitest';
import { bestMargin } from './w01-saturated.ts';

describe('the best margin', () => {
  it('is the one that uses most among those without a rejection', () => {
    const tried = [
      { worst: 0.2, utilisation: 0.99 },
      { worst: 0, utilisation: 0.6 },
      { worst: 0, utilisation: 0.8 },
    ];
    expect(bestMargin(tried)).toEqual({ worst: 0, utilisation: 0.8 });
  });

  it('is the one with the fewest rejections when all draw some', () => {
    const tried = [
      { worst: 0.2, utilisation: 0.99 },
      { worst: 0.1, utilisation: 0.5 },
    ];
    expect(bestMargin(tried)).toEqual({ worst: 0.1, utilisation: 0.5 });
  });

  it('is none of none', () => {
    expect(bestMargin([])).toBeUndefined();
  });
});
