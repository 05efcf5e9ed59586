import { describe, expect, it } from 'vitest';
import { createTestLimiter, settings, withSeveral } from './testing.ts';

const second = 1_000;
const minute = 60 * second;
const quarter = 15 * minute;
const { epsilon } = settings;
const aligned = { resets: 'aligned' as const };

/** A limiter whose clock shows that long after a boundary of an hour. */
function limiterAt(after: number, budget: Parameters<typeof withSeveral>[0][string]) {
  const limiter = createTestLimiter('calls', withSeveral({ calls: budget }, { calls: ['calls'] }));
  const hour = 4 * quarter;
  limiter.pass(hour - (limiter.now() % hour) + after);
  return limiter;
}

describe('a window that upstream resets at fixed times', () => {
  const two = { policy: { limit: 2, windowMs: quarter }, ...aligned };

  it('is free again at the next boundary, with a margin for upstream’s clock', () => {
    const limiter = limiterAt(14 * minute, two);
    limiter.call('a');
    limiter.call('b');
    const boundary = limiter.now() + minute + epsilon;
    expect(limiter.acquire('c')).toMatchObject({ answer: 'waiting', estimatedAt: boundary });
    limiter.pass(minute + epsilon - 1);
    expect(limiter.acquire('c').answer).toBe('waiting');
    limiter.pass(1);
    expect(limiter.acquire('c').answer).toBe('granted');
  });

  it('allows the calls of two windows around a boundary', () => {
    const limiter = limiterAt(14 * minute, two);
    limiter.call('a');
    limiter.call('b');
    limiter.pass(minute + epsilon);
    limiter.call('c');
    limiter.call('d');
    expect(limiter.acquire('e').answer).toBe('waiting');
  });

  it('counts a call that may have arrived after the boundary in both windows', () => {
    const limiter = limiterAt(quarter - second, two);
    limiter.call('a');
    const late = limiter.acquire('b', { start: true });
    if (late.answer !== 'started') throw new Error('not started');
    limiter.pass(second + epsilon);
    // Neither is surely of the window before: a was answered less than the margin before the boundary.
    expect(limiter.acquire('c')).toMatchObject({ answer: 'granted' });
    expect(limiter.acquire('d').answer).toBe('waiting');
  });

  it('has room for later windows in its estimates', () => {
    const limiter = limiterAt(0 + minute, two);
    limiter.call('a');
    limiter.call('b');
    const next = limiter.now() - minute + quarter + epsilon;
    const estimates = ['c', 'd', 'e', 'f', 'g'].map((ticket) => {
      const reply = limiter.acquire(ticket);
      return reply.answer === 'waiting' ? reply.estimatedAt - next : undefined;
    });
    expect(estimates).toEqual([0, 0, quarter, quarter, 2 * quarter]);
  });
});

describe('a paced window', () => {
  /** One call a second, and one of head start. */
  const paced = { policy: { limit: 62, windowMs: minute }, reserve: 2, paced: true, ...aligned };
  const forced = { lane: 'manual_rider_add' } as const;

  it('allows unforced lanes the share that has passed, and a hundredth more', () => {
    const limiter = limiterAt(10 * second + epsilon, paced);
    for (let call = 0; call < 11; call += 1) limiter.call(`c${call}`);
    expect(limiter.acquire('next')).toMatchObject({
      answer: 'waiting',
      estimatedAt: limiter.now() + second,
    });
    expect(limiter.alarmIn()).toBe(second);
    limiter.pass(second);
    expect(limiter.acquire('next').answer).toBe('granted');
  });

  it('lets forced lanes run ahead, up to the limit, although others wait for the pace', () => {
    const limiter = limiterAt(epsilon, paced);
    limiter.call('a');
    expect(limiter.acquire('waits').answer).toBe('waiting');
    limiter.pass(1);
    for (let call = 0; call < 61; call += 1) limiter.call(`c${call}`, forced);
    expect(limiter.acquire('last', forced).answer).toBe('waiting');
  });

  it('keeps its reserve for them until the end', () => {
    const limiter = limiterAt(minute + epsilon - 1, paced);
    for (let call = 0; call < 60; call += 1) limiter.call(`c${call}`);
    expect(limiter.acquire('next').answer).toBe('waiting');
    expect(limiter.acquire('urgent', forced).answer).toBe('granted');
    expect(limiter.acquire('urgent too', forced).answer).toBe('granted');
  });

  it('allows at the start of a window what waited longest, although forced requests came too', () => {
    const limiter = limiterAt(minute - second, paced);
    for (let call = 0; call < 62; call += 1) limiter.call(`c${call}`, forced);
    limiter.acquire('old', { requestedAt: 0 });
    limiter.acquire('new', forced);
    limiter.pass(second + epsilon);
    const { offers } = limiter.take();
    expect(offers.map(({ offer }) => offer.ticket)).toEqual(['old', 'new']);
  });
});
