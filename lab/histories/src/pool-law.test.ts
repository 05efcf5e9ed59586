import { isForced } from '@paceline/limiter/core/queue';
import { maxArrivalDelay } from '@paceline/limiter/core/ledger';
import { restore } from '@paceline/limiter/core/recovery';
import { windows } from '@paceline/limiter/core/views';
import { lanes } from '@paceline/shared/definition';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  anyRequests,
  anyUpstream,
  budgetName,
  poolSettings,
  type RandomBudget,
  runPool,
  type SentCall,
} from './pools.ts';
import { maxInWindow } from './upstream.ts';

const anySeed = fc.record({ seed: fc.nat(), crashes: fc.nat({ max: 2 }) });
const { epsilon } = poolSettings({ budgets: [], endpoints: [] });

/** The most calls that upstream counts in a window, if its clock is ahead by `skew`. */
function mostIn({ resets, windowMs }: RandomBudget, calls: readonly SentCall[], skew: number): number {
  const arrivals = calls.map(({ arrivedAt }) => arrivedAt + skew);
  if (resets === 'sliding') return maxInWindow(arrivals, windowMs);
  const spans = Map.groupBy(arrivals, (at) => Math.floor(at / windowMs));
  return Math.max(0, ...spans.values().map((span) => span.length));
}

describe('whatever the windows, the calls that count in several, and what happens to them', () => {
  it('no window has more arrivals than its limit, even if upstream’s clock differs by less than ε', () => {
    fc.assert(
      fc.property(
        anyUpstream,
        anyRequests,
        anySeed,
        fc.integer({ min: 1 - epsilon, max: epsilon - 1 }),
        (upstream, load, chance, skew) => {
          const { sent } = runPool(upstream, load, chance);
          for (const [index, budget] of upstream.budgets.entries()) {
            const counted = sent.filter(({ budgets }) => budgets.includes(index));
            expect(mostIn(budget, counted, skew)).toBeLessThanOrEqual(budget.limit);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('a call is booked in all of its budgets, and the journal restores the same windows', () => {
    fc.assert(
      fc.property(anyUpstream, anyRequests, anySeed, (upstream, load, chance) => {
        const { limiter } = runPool(upstream, load, chance);
        const using = poolSettings(upstream);
        const now = limiter.now();
        const restored = restore([{ entry: 'facts', recoverFrom: 0, facts: limiter.facts }], 9, using);
        const seen = (ledger: typeof restored) =>
          windows(ledger, 'team', now).windows.map(({ endpoint, permits }) => ({ endpoint, permits }));
        expect(seen(restored)).toEqual(seen(limiter.ledger()));
        for (const fact of limiter.facts) {
          if (fact.fact !== 'started') continue;
          const counted = using.upstreams.zwiftracing?.endpoints[fact.endpoint]?.budgets ?? [];
          for (const pool of restored.pools.values())
            for (const budget of pool.budgets)
              if (!counted.includes(budget.record.endpoint))
                expect(budget.calls.get(fact.interval.permit)).toBeUndefined();
        }
      }),
      { numRuns: 200 },
    );
  });

  it('no permit is granted to an unforced lane ahead of the pace', () => {
    fc.assert(
      fc.property(anyUpstream, anyRequests, anySeed, (upstream, load, chance) => {
        runPool(upstream, load, chance, (limiter, granted) => {
          if (granted.some((index) => lanes[load[index]?.lane ?? 'rider_sync'].forced)) return;
          for (const pool of limiter.ledger().pools.values())
            for (const budget of pool.budgets) {
              const { limit, windowMs, reserve, paced } = upstream.budgets[
                Number(budget.record.endpoint.slice(budgetName(0).length - 1))
              ] as RandomBudget;
              if (!paced) continue;
              const touched = granted.some((index) =>
                upstream.endpoints[(load[index]?.endpoint ?? 0) % upstream.endpoints.length]?.some(
                  (each) => budgetName(each) === budget.record.endpoint,
                ),
              );
              if (!touched) continue;
              const since = Math.floor((limiter.now() - epsilon) / windowMs) * windowMs;
              const open = Math.max(1, limit - reserve);
              const share = (limiter.now() - epsilon - since) / windowMs;
              const allowed = Math.min(open, Math.floor(open * share) + Math.ceil(open / 100));
              expect(budget.calls.countAfter(since - epsilon) + budget.held).toBeLessThanOrEqual(allowed);
            }
        });
      }),
      { numRuns: 200 },
    );
  });

  it('no request starves: each waits at most a window for each that is ahead, may overtake it, or is forced', () => {
    fc.assert(
      fc.property(anyUpstream, anyRequests, anySeed, (upstream, load, { seed }) => {
        const using = poolSettings(upstream);
        const zwiftracing = using.upstreams.zwiftracing;
        if (!zwiftracing) throw new Error('no upstream');
        const longest = Math.max(
          ...Object.values(zwiftracing.budgets).map(
            (budget) =>
              budget.policy.windowMs + 2 * epsilon + using.startWithin + maxArrivalDelay(budget, using),
          ),
        );
        const { requestedAt, grantedAt } = runPool(upstream, load, { seed, crashes: 0 });
        for (const [index, { lane }] of load.entries()) {
          const at = requestedAt[index] as number;
          const others = load.filter((other, each) => {
            if (each === index) return false;
            if (isForced(zwiftracing, other.lane)) return true;
            const later = (requestedAt[each] as number) - at;
            return later < lanes[other.lane].headStartMs - lanes[lane].headStartMs;
          });
          expect((grantedAt[index] ?? Infinity) - at).toBeLessThanOrEqual((1 + others.length) * longest);
        }
      }),
      { numRuns: 200 },
    );
  });
});
