import { policyOf } from '@paceline/limiter/core/budget';
import { evolve } from '@paceline/limiter/core/evolve';
import { budgetOf, createLedger } from '@paceline/limiter/core/ledger';
import type { Settings } from '@paceline/limiter/core/settings';
import { isPaused } from '@paceline/limiter/core/window';
import { place } from './place.ts';
import type { Story } from './world.ts';

/** Every call that was booked, in the order of the journal, with what held when it started. */
export function startedCalls({ entries, arrivals }: Story, settings: Settings) {
  const ledger = createLedger(1, settings);
  return entries.flatMap((entry) => {
    if (entry.entry !== 'facts') return [];
    return entry.facts.flatMap((fact) => {
      if (fact.fact !== 'started') {
        evolve(ledger, fact);
        return [];
      }
      const { permit, startedAt, latestAt } = fact.interval;
      const budget = budgetOf(ledger, place.account, place.endpoint);
      const { probing, unknownUntil, intervals } = budget.record;
      const call = {
        permit,
        startedAt,
        latestAt,
        /** Undefined when it was never sent. */
        arrivedAt: arrivals.get(permit),
        policy: policyOf(budget),
        paused: isPaused(budget, startedAt),
        probing,
        unknown: (unknownUntil ?? 0) > startedAt,
        /** How many others may still have been under way. */
        open: intervals.filter((other) => !other.settled && other.latestAt > startedAt).length,
      };
      evolve(ledger, fact);
      return [call];
    });
  });
}
