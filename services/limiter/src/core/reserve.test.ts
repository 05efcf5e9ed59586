import { describe, expect, it } from 'vitest';
import { createTestLimiter, settings, withBudget } from './testing.ts';

const minute = 60_000;
const withReserve = withBudget('riders_single', { reserve: 1 }, withBudget('signups', { reserve: 1 }));
const urgent = { lane: 'manual_rider_add' } as const;

describe('a permit reserved for the forced lanes', () => {
  it('is not granted to other lanes, however many requests wait', () => {
    const limiter = createTestLimiter('riders_single', withReserve);
    for (const ticket of ['a', 'b', 'c', 'd']) limiter.call(ticket);
    expect(limiter.acquire('e').answer).toBe('waiting');
  });

  it('is granted to a forced request immediately, although others came first', () => {
    const limiter = createTestLimiter('riders_single', withReserve);
    for (const ticket of ['a', 'b', 'c', 'd']) limiter.call(ticket);
    limiter.acquire('e');
    expect(limiter.acquire('now', urgent).answer).toBe('granted');
    expect(limiter.acquire('next', urgent).answer).toBe('waiting');
  });

  it('is never the only one of a window', () => {
    const limiter = createTestLimiter('signups', withReserve);
    expect(limiter.acquire('a').answer).toBe('granted');
  });

  it('is not counted in the estimates of other lanes', () => {
    const limiter = createTestLimiter('riders_single', withReserve);
    for (const ticket of ['a', 'b', 'c', 'd']) limiter.call(ticket);
    expect(limiter.acquire('e')).toMatchObject({ estimatedAt: limiter.now() + minute + settings.epsilon });
  });
});
