import { worstCall } from '@paceline/limiter/core/ledger';
import { createTestLimiter, settings } from '@paceline/limiter/core/testing';
import { coordination } from '@paceline/limiter/core/views';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { undisturbed } from './histories.ts';
import { place } from './upstream.ts';
import { type Blow, happen, type History } from './world.ts';

const using = (limit: number, windowMs: number) => ({
  ...settings,
  policies: { ...settings.policies, riders_single: { limit, windowMs } },
});
const places = fc.record({
  limit: fc.integer({ min: 1, max: 6 }),
  windowMs: fc.integer({ min: 1_000, max: 120_000 }),
  dead: fc.integer({ min: 1, max: 6 }),
});

describe('a holder that dies', () => {
  it('before it starts costs nothing: whoever is next has its permit once the time to start is over', () => {
    fc.assert(
      fc.property(
        places,
        fc.integer({ min: 0, max: settings.startWithin - 1 }),
        ({ limit, windowMs }, waits) => {
          const limiter = createTestLimiter(place.endpoint, using(limit, windowMs));
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

  it('after it started costs exactly its one call, for as long as it may arrive and a window after that', () => {
    fc.assert(
      fc.property(places, ({ limit, windowMs, dead }) => {
        const dies = Math.min(dead, limit);
        const limiter = createTestLimiter(place.endpoint, using(limit, windowMs));
        const free = () =>
          coordination(limiter.ledger(), place.account, limiter.now()).rateLimitUsage.riders_single.available;
        for (let index = 0; index < dies; index += 1) limiter.acquire(`dead ${index}`, { start: true });
        expect(free()).toBe(limit - dies);
        limiter.pass(worstCall(place.endpoint, settings) + windowMs + settings.epsilon - 1);
        expect(free()).toBe(limit - dies);
        limiter.pass(1);
        expect(free()).toBe(limit);
      }),
      { numRuns: 100 },
    );
  });

  it('at any step of its call is charged for one call at most, while a window outlasts whatever holds it up', () => {
    fc.assert(
      fc.property(undisturbed, (history) => {
        const { facts } = happen(outlasting(history));
        const back = new Set(facts.flatMap((fact) => (fact.fact === 'returned' ? [fact.permit] : [])));
        const charged = facts.flatMap((fact) =>
          fact.fact === 'started' && !back.has(fact.interval.permit) ? [ticketOf(fact.interval.permit)] : [],
        );
        expect(new Set(charged).size).toBe(charged.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a caller that no longer wants its permit', () => {
  it('leaves no call booked that was not sent, whatever is lost on the way', () => {
    const network = fc.record({
      seed: fc.nat(1_000_000),
      jitterMs: fc.constantFrom(0, 60),
      strays: fc.constant(0),
      latestMs: fc.constant(0),
      lost: fc.constantFrom(0.1, 0.4),
    });
    fc.assert(
      fc.property(undisturbed, network, fc.nat(3_000), (history, badNetwork, givesUpAfter) => {
        const { facts, ends } = happen({
          ...history,
          // Longer than anything is held up: what is booked stays booked.
          policy: { ...history.policy, windowMs: 3_600_000 },
          network: badNetwork,
          blows: history.blows.filter(isSucceeded),
          callers: history.callers.map(({ wanted, ...caller }) => ({
            ...caller,
            wanted: { ...wanted, givesUpAfter },
          })),
        });
        const back = new Set(facts.flatMap((fact) => (fact.fact === 'returned' ? [fact.permit] : [])));
        const booked = facts.flatMap((fact) => (fact.fact === 'started' ? [fact.interval.permit] : []));
        const orphans = booked.filter(
          (permit) => !back.has(permit) && /gave up|refused/.test(ends.get(ticketOf(permit)) ?? ''),
        );
        expect(orphans).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

/** An owner that is gone before the next one comes: who is replaced unawares acknowledges what it can't commit. */
const isSucceeded = (blow: Blow): boolean =>
  blow.does === 'dies' ? blow.death === 'idle' : blow.does !== 'is replaced';

/** The same history with a window that is longer than anything in it can be held up. */
function outlasting(history: History): History {
  const { policy, network, blows, callers } = history;
  const limiters = blows.reduce((sum, blow) => sum + (blow.does === 'freezes' ? blow.forMs : 0), 0);
  const caller = Math.max(0, ...callers.map(({ fate }) => fate.freezes?.forMs ?? 0));
  const longest = network.latestMs + 10 * network.jitterMs + limiters + caller;
  return { ...history, policy: { ...policy, windowMs: policy.windowMs + longest } };
}

const ticketOf = (permit: string): string => permit.split('-').slice(2).join('-');
