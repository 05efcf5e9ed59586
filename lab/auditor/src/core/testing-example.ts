import { createJournalWriter } from './testing.ts';
import type { BudgetRules, Rules } from './rules.ts';

const minute = 60_000;

const aligned = (limit: number, windowMs: number): BudgetRules => ({
  documented: { limit, windowMs },
  resets: 'aligned',
  paced: false,
  reserve: 0,
});

/** An upstream whose reads count in three windows: per minute, per quarter of an hour and per hour. */
export const example: Rules = {
  upstreams: {
    example: {
      budgets: {
        reads: { ...aligned(2, minute), resets: 'sliding' },
        quarter: aligned(3, 15 * minute),
        hour: { ...aligned(12, 60 * minute), paced: true, reserve: 2 },
      },
      endpoints: {
        read: { budgets: ['reads', 'quarter', 'hour'], callTimeout: 1_000 },
        upload: { budgets: ['quarter', 'hour'], callTimeout: 1_000 },
        poll: { budgets: ['quarter'], callTimeout: 1_000 },
        hourly: { budgets: ['hour'], callTimeout: 1_000 },
      },
      forcedLanes: new Set(['manual']),
    },
  },
  estimateTolerance: 1_500,
  startWithin: 2_000,
};

export const exampleAccount = 'example:key-0123456789ab';

/** A journal of the example's account. It starts at a full hour. */
export function exampleJournal(endpoint: string, rules = example) {
  const journal = createJournalWriter(endpoint, { account: exampleAccount, rules });
  journal.claim();
  return journal;
}
