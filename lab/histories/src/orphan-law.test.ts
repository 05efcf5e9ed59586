import { maxArrivalDelay } from '@paceline/limiter/core/ledger';
import { budgetOf, createTestLimiter, settings, withBudget } from '@paceline/limiter/core/testing';
import { coordination } from '@paceline/limiter/core/views';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixedPolicyHistory } from './histories.ts';
import { budgetKey } from './upstream.ts';
import { type Incident, runHistory, type History } from './world.ts';

const using = (limit: number, windowMs: number) =>
  withBudget(budgetKey.endpoint, { policy: { limit, windowMs } });
const places = fc.record({
  limit: fc.integer({ min: 1, max: 6 }),
  windowMs: fc.integer({ min: 1_000, max: 120_000 }),
  dead: fc.integer({ min: 1, max: 6 }),
});

describe('a client that dies', () => {
  it('before it starts costs nothing: the next request gets the permit once it has expired', () => {
    fc.assert(
      fc.property(
        places,
        fc.integer({ min: 0, max: settings.startWithin - 1 }),
        ({ limit, windowMs }, waits) => {
          const limiter = createTestLimiter(budgetKey.endpoint, using(limit, windowMs));
          const held = Array.from({ length: limit }, (_, index) => limiter.acquire(`dead ${index}`).answer);
          expect(held).not.toContain('waiting');
          limiter.pass(waits);
          expect(limiter.acquire('next').answer).toBe('waiting');
          expect(limiter.alarmIn()).toBeLessThanOrEqual(settings.startWithin - waits);
          limiter.pass(settings.startWithin - waits);
          const next = Array.from({ length: limit }, (_, index) => limiter.acquire(`next ${index}`).answer);
          expect(next.filter((answer) => answer === 'granted')).toHaveLength(limit - 1);
          expect(limiter.acquire('next').answer).toBe('granted');
          expect(limiter.facts).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('after its start costs exactly one call, until a window after its latest arrival', () => {
    fc.assert(
      fc.property(places, ({ limit, windowMs, dead }) => {
        const dies = Math.min(dead, limit);
        const limiter = createTestLimiter(budgetKey.endpoint, using(limit, windowMs));
        const free = () =>
          coordination(limiter.ledger(), budgetKey.account, limiter.now()).rateLimitUsage.riders_single
            ?.available;
        for (let index = 0; index < dies; index += 1) limiter.acquire(`dead ${index}`, { start: true });
        expect(free()).toBe(limit - dies);
        limiter.pass(
          maxArrivalDelay(budgetOf(budgetKey.endpoint), settings) + windowMs + settings.epsilon - 1,
        );
        expect(free()).toBe(limit - dies);
        limiter.pass(1);
        expect(free()).toBe(limit);
      }),
      { numRuns: 100 },
    );
  });

  it('at any step costs at most one call, if the window is longer than any delay', () => {
    fc.assert(
      fc.property(fixedPolicyHistory, (history) => {
        const { facts } = runHistory(withLongWindow(history));
        const returned = new Set(facts.flatMap((fact) => (fact.fact === 'returned' ? [fact.permit] : [])));
        const counted = facts.flatMap((fact) =>
          fact.fact === 'started' && !returned.has(fact.interval.permit)
            ? [ticketOf(fact.interval.permit)]
            : [],
        );
        expect(new Set(counted).size).toBe(counted.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a caller that no longer needs its permit', () => {
  it('leaves no started call that was not sent, whatever messages are lost', () => {
    const network = fc.record({
      seed: fc.nat(1_000_000),
      jitterMs: fc.constantFrom(0, 60),
      delayed: fc.constant(0),
      latestMs: fc.constant(0),
      lost: fc.constantFrom(0.1, 0.4),
    });
    fc.assert(
      fc.property(fixedPolicyHistory, network, fc.nat(3_000), (history, badNetwork, givesUpAfter) => {
        const { facts, ends } = runHistory({
          ...history,
          // Longer than any delay, so that started calls stay counted.
          policy: { ...history.policy, windowMs: 3_600_000 },
          network: badNetwork,
          incidents: history.incidents.filter(endsCleanly),
          callers: history.callers.map(({ plan, ...caller }) => ({
            ...caller,
            plan: { ...plan, givesUpAfter },
          })),
        });
        const returned = new Set(facts.flatMap((fact) => (fact.fact === 'returned' ? [fact.permit] : [])));
        const started = facts.flatMap((fact) => (fact.fact === 'started' ? [fact.interval.permit] : []));
        const orphans = started.filter(
          (permit) => !returned.has(permit) && /gave up|refused/.test(ends.get(ticketOf(permit)) ?? ''),
        );
        expect(orphans).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

/** Whether the owner is gone before the next one starts: one replaced while it runs acknowledges what it can't commit. */
const endsCleanly = (incident: Incident): boolean =>
  incident.kind === 'limiter dies' ? incident.death === 'idle' : incident.kind !== 'limiter is replaced';

/** The same history with a window that is longer than any delay in it. */
function withLongWindow(history: History): History {
  const { policy, network, incidents, callers } = history;
  const limiters = incidents.reduce(
    (sum, each) => sum + (each.kind === 'limiter freezes' ? each.forMs : 0),
    0,
  );
  const caller = Math.max(0, ...callers.map(({ fault }) => fault.freezes?.forMs ?? 0));
  const longest = network.latestMs + 10 * network.jitterMs + limiters + caller;
  return { ...history, policy: { ...policy, windowMs: policy.windowMs + longest } };
}

const ticketOf = (permit: string): string => permit.split('-').slice(2).join('-');
