import { createLedger, type Ledger } from '@paceline/limiter/core/ledger';
import { evolve } from '@paceline/limiter/core/evolve';
import type { LedgerRequest } from '@paceline/limiter/core/protocol';
import { takeTurn } from '@paceline/limiter/core/turn';
import type { PermitRequestOf } from '@paceline/shared/contracts';
import { lanes } from '@paceline/shared/definition';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answered } from './queue-model.ts';
import { anyUpstream, busyRequests, poolSettings, runPool } from './pools.ts';

type Acquire = PermitRequestOf<'acquire'>;

/**
 * When each request starts from here on, if every permit is used at once, every call is answered at once, and nothing else
 * comes.
 */
function startsOf(ledger: Ledger, waiting: readonly Acquire[], from: number): Map<string, number> {
  const started = new Map<string, number>();
  const endpointOf = new Map(waiting.map(({ ticket, endpoint }) => [ticket, endpoint]));
  let now = from;
  const open: Array<{ ticket: string; permit: string }> = [];
  const take = (...requests: LedgerRequest[]) => {
    const { offers, replies } = takeTurn(ledger, requests, now);
    for (const { offer } of offers) open.push(offer);
    for (const [index, reply] of replies.entries()) {
      const request = requests[index];
      if (reply.answer === 'granted' && request?.do === 'acquire')
        open.push({ ticket: request.ticket, permit: reply.permit });
    }
  };
  take(...waiting);
  for (let turns = 0; turns < 2_000 && started.size < waiting.length; turns += 1) {
    for (let next = open.shift(); next; next = open.shift()) {
      const call = { account: 'team', endpoint: endpointOf.get(next.ticket) ?? '', permit: next.permit };
      started.set(next.ticket, now);
      take({ do: 'start', ...call, trace: {} });
      take({ do: 'settle', ...call, outcome: answered });
    }
    now = Math.max(now + 1, ledger.alarms.first()?.alarmAt ?? now);
    take();
  }
  return started;
}

describe('a request that passes earlier ones', () => {
  it('makes none of them start later, even if it is never heard of again', () => {
    let passed = 0;
    fc.assert(
      fc.property(anyUpstream, busyRequests, fc.nat(), (upstream, load, seed) => {
        const using = poolSettings(upstream);
        runPool(upstream, load, { seed, crashes: 0 }, (limiter, granted) => {
          const [pool] = limiter.ledger().pools.values();
          const now = limiter.now();
          const [index = 0] = granted;
          const [grant, request] = [pool?.grants.get(`r${index}`), load[index]];
          if (!pool || !grant || !request || granted.length !== 1) return;
          // A forced request doesn't wait for the pace of others.
          if (lanes[request.lane].forced && upstream.budgets.some(({ paced }) => paced)) return;
          const waiting = [...pool.queue.byTicket.values()];
          const key = grant.requestedAt - lanes[request.lane].headStartMs;
          const ahead = waiting.filter((each) => each.key < key).map((each) => each.request);
          if (ahead.length === 0) return;
          passed += 1;
          const fork = (withCall: boolean) => {
            const ledger = createLedger(2, using);
            for (const fact of limiter.facts) evolve(ledger, structuredClone(fact));
            // The worst that the holders of permits can do.
            for (const { permit, lane, endpoint } of pool.grants.values()) {
              if (permit === grant.permit && !withCall) continue;
              const startedAt = now + using.startWithin - 1;
              const arrivesBy = startedAt + using.sendWithin + using.guard + 10_000;
              const interval = { permit, lane, startedAt, arrivesBy, settled: false };
              const call = { account: 'team', endpoint: endpoint.name, interval };
              evolve(ledger, { fact: 'started', ...call, requestedAt: 0, firstEstimate: null });
            }
            return startsOf(ledger, ahead, now);
          };
          const [without, beside] = [fork(false), fork(true)];
          for (const { ticket } of ahead)
            expect(beside.get(ticket) ?? Infinity).toBeLessThanOrEqual(without.get(ticket) ?? Infinity);
        });
      }),
      { numRuns: 400 },
    );
    expect(passed).toBeGreaterThan(20);
  });
});
