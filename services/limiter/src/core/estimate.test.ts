import { describe, expect, it } from 'vitest';
import { createTestLimiter } from './testing.ts';
import { windows } from './views.ts';

const second = 1_000;
const minute = 60 * second;

/** Asks come at their moments; whoever is offered a permit starts at once, and is answered after a while. */
function live(asks: ReadonlyArray<{ at: number; urgent: boolean }>, answeredAfter: number) {
  const limiter = createTestLimiter('riders_single');
  const begin = limiter.now();
  const line = asks.map(({ at, urgent }, index) => ({
    ticket: `t${index}`,
    more: {
      lane: urgent ? ('manual_rider_add' as const) : ('far_event_sync' as const),
      requestedAt: begin + at,
    },
  }));
  const open: Array<{ at: number; permit: string }> = [];
  const waiting = new Map<string, (typeof line)[number]>();
  const start = (ticket: string, permit: string) => {
    waiting.delete(ticket);
    limiter.start(permit);
    open.push({ at: limiter.now() + answeredAfter, permit });
  };
  for (let next = 0; next < line.length || waiting.size > 0; limiter.pass(second)) {
    while ((open[0]?.at ?? Infinity) <= limiter.now()) limiter.settle(open.shift()?.permit ?? '');
    for (const { offer } of limiter.take().offers) start(offer.ticket, offer.permit);
    for (let asker = line[next]; asker && asker.more.requestedAt <= limiter.now(); asker = line[next]) {
      waiting.set(asker.ticket, asker);
      next += 1;
    }
    for (const { ticket, more } of waiting.values()) {
      const answer = limiter.acquire(ticket, more);
      if (answer.answer === 'granted') start(ticket, answer.permit);
    }
  }
  return windows(limiter.ledger(), 'team', limiter.now()).estimates;
}

describe('a promise', () => {
  it('is the first time that a waiter is told, and is counted when the call starts', () => {
    const six = Array.from({ length: 6 }, () => ({ at: 0, urgent: false }));
    expect(live(six, 0)).toEqual({ kept: 1, missed: 0 });
  });

  it('survives a change of limiters: the waiter brings it along', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('a');
    const waits = limiter.acquire('b');
    if (waits.answer !== 'waiting') throw new Error('no wait');
    limiter.crash();
    limiter.pass(2 * minute);
    limiter.call('b', { firstEstimate: waits.estimatedAt });
    expect(windows(limiter.ledger(), 'team', limiter.now()).estimates).toEqual({ kept: 0, missed: 1 });
  });

  it('does not count in an urgent one that has left the line without a call', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('a');
    const toldOf = (ticket: string) => {
      const waits = limiter.acquire(ticket, { lane: 'far_event_sync' });
      if (waits.answer !== 'waiting') throw new Error('no wait');
      return waits.estimatedAt;
    };
    const alone = toldOf('b');
    limiter.acquire('urgent', { lane: 'manual_rider_add' });
    expect(toldOf('b')).toBeGreaterThan(alone);
    limiter.cancel('urgent');
    expect(toldOf('b')).toBe(alone);
  });

  it('counts in that calls take their time: they count from their answer', () => {
    const taught = Array.from({ length: 5 }, () => ({ at: 0, urgent: false }));
    const line = Array.from({ length: 40 }, () => ({ at: 5 * minute, urgent: false }));
    expect(live([...taught, ...line], 7 * second).missed).toBe(0);
  });

  it.each([1, 2, 3])(
    'is kept nineteen times of twenty although urgent ones keep coming (world %i)',
    (seed) => {
      const chance = dice(seed);
      // Four a minute of the five that may go, three of ten of them urgent, for four hours.
      const asks = Array.from({ length: 4 * 240 }, () => ({
        at: Math.floor(chance() * 240 * 60) * second,
        urgent: chance() < 0.3,
      })).toSorted((a, b) => a.at - b.at);
      const { kept, missed } = live(asks, second);
      expect(kept / (kept + missed)).toBeGreaterThanOrEqual(0.95);
    },
  );
});

/** Numbers from 0 to 1 that are the same for a seed (a Lehmer generator). */
function dice(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
