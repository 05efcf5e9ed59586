import { describe, expect, it } from 'vitest';
import { createTestLimiter } from './testing.ts';
import { windows } from './views.ts';

const minute = 60_000;
const budgetKey = { account: 'team', endpoint: 'riders_single' } as const;

const viewOf = (limiter: ReturnType<typeof createTestLimiter>) =>
  windows(limiter.ledger(), 'team', limiter.now()).windows.find(
    ({ endpoint }) => endpoint === 'riders_single',
  );

describe('an operator', () => {
  it('pauses a budget, and estimates say until when, even after a crash', () => {
    const limiter = createTestLimiter('riders_single');
    const until = limiter.now() + 30 * minute;
    limiter.operate({ do: 'pause', ...budgetKey, until });
    limiter.crash();
    expect(limiter.acquire('a')).toMatchObject({ reason: 'paused_by_operator', estimatedAt: until });
    limiter.pass(30 * minute);
    expect(limiter.acquire('a').answer).toBe('granted');
  });

  it('is named when a request is refused because the pause ends after its deadline', () => {
    const limiter = createTestLimiter('riders_single');
    const until = limiter.now() + 30 * minute;
    limiter.operate({ do: 'pause', ...budgetKey, until });
    const reply = limiter.acquire('a', { deadline: limiter.now() + 5 * minute });
    expect(reply).toEqual({ answer: 'refused', reason: 'paused_by_operator', earliest: until });
  });

  it('resumes it early, and the next waiter goes immediately', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.operate({ do: 'pause', ...budgetKey, until: limiter.now() + 30 * minute });
    limiter.acquire('a');
    const { offers } = limiter.operate({ do: 'resume', ...budgetKey });
    expect(offers.map(({ offer }) => offer.ticket)).toEqual(['a']);
  });

  it('pauses held permits that were not started', () => {
    const limiter = createTestLimiter('riders_single');
    const granted = limiter.acquire('a');
    if (granted.answer !== 'granted') throw new Error('no permit');
    limiter.operate({ do: 'pause', ...budgetKey, until: limiter.now() + minute });
    expect(limiter.start(granted.permit).answer).toBe('expired');
  });

  it('releases a pause by upstream: one call probes, and the others follow when it succeeds', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, { result: 'answered', status: 429, retryAfterMs: 30 * minute });
    expect(limiter.acquire('b')).toMatchObject({ reason: 'paused_by_upstream' });
    limiter.operate({ do: 'release', ...budgetKey });
    const probe = limiter.acquire('b');
    if (probe.answer !== 'granted') throw new Error('no permit');
    expect(limiter.acquire('c').answer).toBe('waiting');
    limiter.start(probe.permit);
    limiter.settle(probe.permit);
    expect(limiter.acquire('c').answer).toBe('granted');
  });

  it('ends only the pause by upstream with a release, and only its own with a resume', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, { result: 'answered', status: 429, retryAfterMs: 30 * minute });
    limiter.operate({ do: 'pause', ...budgetKey, until: limiter.now() + 20 * minute });
    limiter.operate({ do: 'release', ...budgetKey });
    expect(limiter.acquire('b')).toMatchObject({ reason: 'paused_by_operator' });
    limiter.operate({ do: 'resume', ...budgetKey });
    expect(limiter.acquire('b').answer).toBe('granted');
  });

  it('sets a stricter policy, which applies immediately and after a crash', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a');
    limiter.call('b');
    limiter.operate({ do: 'set_policy', ...budgetKey, policy: { limit: 2, windowMs: minute } });
    limiter.crash();
    expect(limiter.acquire('c').answer).toBe('waiting');
    expect(viewOf(limiter)).toMatchObject({
      policy: { limit: 2, windowMs: minute, from: 'operator' },
      documented: { limit: 5, windowMs: minute },
    });
  });

  it('forgets a learned policy, so that the documented one applies again', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, { result: 'answered', status: 200, learned: { limit: 1, windowMs: minute } });
    expect(limiter.acquire('b').answer).toBe('waiting');
    const { offers } = limiter.operate({ do: 'forget_policy', ...budgetKey });
    expect(offers.map(({ offer }) => offer.ticket)).toEqual(['b']);
    expect(viewOf(limiter)?.policy).toMatchObject({ limit: 5, from: 'documented', since: null });
  });

  it('sees every permit in a window, and the first waiting requests with their estimates', () => {
    const limiter = createTestLimiter('riders_single');
    for (const ticket of ['a', 'b', 'c', 'd', 'e', 'f']) {
      if (limiter.acquire(ticket).answer === 'granted')
        limiter.start(`1-${limiter.facts.length + 1}-${ticket}`);
    }
    const view = viewOf(limiter);
    expect(view?.permits).toHaveLength(5);
    expect(view?.available).toBe(0);
    expect(view?.waiting).toMatchObject({ count: 1, next: [{ ticket: 'f', estimatedAt: view?.freeAt }] });
  });
});
