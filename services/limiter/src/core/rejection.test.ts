import { journalEntry } from '@paceline/shared/contracts';
import { describe, expect, it } from 'vitest';
import { createTestLimiter, settings } from './testing.ts';

const second = 1_000;
const minute = 60 * second;
/** How long after the moment that upstream named the probe has gone at the latest. */
const reopens = settings.epsilon + settings.probeSpread;

describe('after a 429', () => {
  const rejected = { result: 'answered', status: 429, retryAfterMs: 597 * second } as const;

  it('a probe whose holder died blocks nobody for ever', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, rejected);
    limiter.pass(rejected.retryAfterMs + reopens);
    const probe = limiter.acquire('dies');
    if (probe.answer !== 'granted') throw new Error('no permit');
    limiter.start(probe.permit);
    limiter.pass(settings.sendWithin + settings.callTimeout.riders_single + settings.guard);
    expect(limiter.acquire('next').answer).toBe('granted');
  });

  it('permits that were granted before it can not be started any more', () => {
    const limiter = createTestLimiter('riders_single');
    const granted = ['a', 'b', 'c'].map((ticket) => limiter.acquire(ticket));
    const [first, ...others] = granted.map((answer) => (answer.answer === 'granted' ? answer.permit : ''));
    limiter.start(first ?? '');
    limiter.settle(first ?? '', {
      ...rejected,
      retryAfterMs: 0,
      learned: { limit: 1, windowMs: 10 * minute },
    });
    limiter.pass(settings.epsilon);
    expect(others.map((permit) => limiter.start(permit).answer)).toEqual(['expired', 'expired']);
  });

  it('a success of a call from before it does not end the probing', () => {
    const limiter = createTestLimiter('riders_single');
    const [a, b] = ['a', 'b'].map((ticket) => {
      const answer = limiter.acquire(ticket);
      if (answer.answer !== 'granted') throw new Error('no permit');
      limiter.start(answer.permit);
      return answer.permit;
    });
    limiter.pass(second);
    limiter.settle(a ?? '', { ...rejected, retryAfterMs: 10 * second });
    limiter.settle(b ?? '');
    limiter.pass(10 * second + reopens);
    expect(limiter.acquire('c').answer).toBe('granted');
    expect(limiter.acquire('d').answer).toBe('waiting');
  });

  it('calls that were rejected together have failed once', () => {
    const limiter = createTestLimiter('riders_single');
    const permits = ['a', 'b', 'c'].map((ticket) => {
      const answer = limiter.acquire(ticket);
      if (answer.answer !== 'granted') throw new Error('no permit');
      return answer.permit;
    });
    for (const permit of permits) limiter.start(permit);
    for (const permit of permits) limiter.settle(permit, { result: 'answered', status: 429 });
    expect(
      limiter.facts.flatMap((fact) => (fact.fact === 'paused' ? [fact.consecutiveRejections] : [])),
    ).toEqual([1, 1, 1]);
  });

  it.each([597_413.7, 1e13, 0.5])('named %d ms away every fact can still be written', (retryAfterMs) => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, { ...rejected, retryAfterMs });
    const written = journalEntry.safeParse({ entry: 'facts', recoverFrom: 0, facts: limiter.facts });
    expect(written.error).toBeUndefined();
  });

  it('a longer window that upstream names without a moment is waited out: what was called is forgotten', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, { result: 'answered', status: 429, learned: { limit: 5, windowMs: 10 * minute } });
    limiter.pass(9 * minute);
    expect(limiter.acquire('b')).toMatchObject({ reason: 'paused_by_upstream' });
  });

  it('nobody calls until the moment that upstream named, then one alone', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, rejected);
    expect(limiter.acquire('b')).toMatchObject({ reason: 'paused_by_upstream' });
    limiter.pass(597 * second + reopens);
    const probe = limiter.acquire('b');
    expect(probe.answer).toBe('granted');
    expect(limiter.acquire('c').answer).toBe('waiting');
    if (probe.answer !== 'granted') return;
    limiter.start(probe.permit);
    expect(limiter.acquire('c').answer).toBe('waiting');
    limiter.settle(probe.permit);
    expect(limiter.acquire('c').answer).toBe('granted');
  });

  it('the limit that upstream names is kept, through a crash too', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, { ...rejected, learned: { limit: 1, windowMs: 10 * minute } });
    limiter.crash();
    limiter.pass(11 * minute);
    limiter.call('b');
    expect(limiter.acquire('c')).toMatchObject({
      estimatedAt: limiter.now() + 10 * minute + settings.epsilon,
    });
  });

  it('without a named moment the pause grows with every failure', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, { result: 'answered', status: 429 });
    const first = limiter.facts.find(({ fact }) => fact === 'paused');
    limiter.pass(10 * second);
    limiter.call('b', {}, { result: 'answered', status: 429 });
    const second_ = limiter.facts.findLast(({ fact }) => fact === 'paused');
    if (first?.fact !== 'paused' || second_?.fact !== 'paused') throw new Error('no pause');
    expect(second_.until - limiter.now()).toBeGreaterThan(first.until - (limiter.now() - 10 * second));
  });
});
