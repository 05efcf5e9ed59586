import { describe, expect, it } from 'vitest';
import { bestMargin } from './w01-saturated.ts';

describe('the best margin', () => {
  it('has the highest utilisation without rejections', () => {
    const tried = [
      { worst: 0.2, utilisation: 0.99 },
      { worst: 0, utilisation: 0.6 },
      { worst: 0, utilisation: 0.8 },
    ];
    expect(bestMargin(tried)).toEqual({ worst: 0, utilisation: 0.8 });
  });

  it('has the fewest rejections when all have some', () => {
    const tried = [
      { worst: 0.2, utilisation: 0.99 },
      { worst: 0.1, utilisation: 0.5 },
    ];
    expect(bestMargin(tried)).toEqual({ worst: 0.1, utilisation: 0.5 });
  });

  it('is undefined without results', () => {
    expect(bestMargin([])).toBeUndefined();
  });
});
