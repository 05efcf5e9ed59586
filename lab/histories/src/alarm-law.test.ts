import { nextWaiter } from '@paceline/limiter/core/order';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { busyRequests, anyUpstream, runPool } from './pools.ts';

const hour = 3_600_000;
const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

describe('a waiting request', () => {
  it('goes as soon as time alone lets it: no moment comes before the alarm of its pool', () => {
    let waited = 0;
    fc.assert(
      fc.property(anyUpstream, busyRequests, fc.nat(), fc.array(share, { maxLength: 8 }), (...given) => {
        const [upstream, load, seed, shares] = given;
        runPool(upstream, load, { seed, crashes: 0 }, (limiter) => {
          const now = limiter.now();
          for (const pool of limiter.ledger().pools.values()) {
            // While calls are under way their answers are awaited, each of which is a turn.
            const isUnderWay = pool.budgets.some(({ held, calls }) => held + calls.openAfter(now).length > 0);
            if (isUnderWay || pool.queue.byTicket.size === 0) continue;
            waited += 1;
            const last = (pool.alarmAt ?? now + hour) - 1;
            for (const each of [0, ...shares])
              expect(nextWaiter(pool, last - each * (last - now))).toBeUndefined();
          }
        });
      }),
      { numRuns: 500 },
    );
    expect(waited).toBeGreaterThan(500);
  });
});
