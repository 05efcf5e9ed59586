import { budgets, type Coordination } from '@paceline/shared/contracts';
import { describe, expect, it } from 'vitest';
import { expectedProgress } from './estimate.ts';

const now = 1_000;
function standing(single: Coordination['rateLimitUsage']['riders_single']): Coordination {
  const spent = { used: 1, available: 0, resetAt: 99_000 };
  const others = Object.fromEntries(budgets.map((budget) => [budget, spent]));
  return {
    rateLimitUsage: { ...(others as Coordination['rateLimitUsage']), riders_single: single },
    conflicts: { count: 0, lastConflict: null },
    queue: { pending: 0, avgWaitTime: 0, maxWaitTime: 0 },
  };
}

describe('what a new command may expect', () => {
  it('with an import it is the bulk calls that count', () => {
    const usage = standing({ used: 0, available: 5, resetAt: null });
    expect(expectedProgress(usage, 'bulk', now)).toEqual({
      state: 'waiting_for_window',
      until: 99_000,
      via: 'bulk',
    });
  });

  it('is to run now, while calls for single riders are left, whatever the other budgets are', () => {
    const usage = standing({ used: 4, available: 1, resetAt: null });
    expect(expectedProgress(usage, 'single', now)).toEqual({
      state: 'waiting_in_line',
      position: 1,
      at: now,
      via: 'single',
    });
  });

  it('is to wait until the window opens again, when they are spent', () => {
    const usage = standing({ used: 5, available: 0, resetAt: 61_000 });
    expect(expectedProgress(usage, 'single', now)).toEqual({
      state: 'waiting_for_window',
      until: 61_000,
      via: 'single',
    });
  });

  it('is not known while nobody says how things stand', () => {
    expect(expectedProgress(undefined, 'single', now)).toEqual({
      state: 'waiting_in_line',
      position: 1,
      at: null,
    });
  });
});
