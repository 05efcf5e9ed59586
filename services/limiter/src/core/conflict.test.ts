import { describe, expect, it } from 'vitest';
import { createTestLimiter } from './testing.ts';

const second = 1_000;

describe('a conflict', () => {
  it('does not count urgent requests that may overtake it to the lane that blocks it', () => {
    const limiter = createTestLimiter('signups');
    for (const ticket of ['a', 'b', 'c', 'd']) {
      limiter.call(ticket, { lane: 'near_event_urgent' });
      limiter.pass(62 * second);
    }
    limiter.call('near', { lane: 'near_event_normal' });
    const { reply, conflicts } = limiter.request('far');
    if (reply.answer !== 'waiting') throw new Error('not waiting');
    expect(reply.estimatedAt - limiter.now()).toBeGreaterThan(300 * second);
    expect(conflicts).toMatchObject([{ lane: 'far_event_sync', blockedBy: 'near_event_normal' }]);
    expect(conflicts[0]?.expectedWaitMs).toBeLessThan(65 * second);
  });

  it('is reported once per wait', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('first', { lane: 'near_event_normal' });
    expect(limiter.request('far').conflicts).toMatchObject([
      { lane: 'far_event_sync', blockedBy: 'near_event_normal' },
    ]);
    expect(limiter.request('far').conflicts).toEqual([]);
    expect(limiter.request('near', { lane: 'near_event_normal' }).conflicts).toEqual([]);
    expect(limiter.request('urgent', { lane: 'near_event_urgent' }).conflicts).toEqual([]);
  });
});
