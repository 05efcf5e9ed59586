import { journalEntry } from '@paceline/shared/contracts';
import { describe, expect, it } from 'vitest';
import { createDesk, settings } from './testing.ts';

const second = 1_000;
const minute = 60 * second;
/** How long after the moment that upstream named the probe has gone at the latest. */
const reopens = settings.epsilon + settings.probeSpread;

describe('after a 429', () => {
  const rejected = { result: 'answered', status: 429, retryAfterMs: 597 * second } as const;

  it('a probe whose holder died blocks nobody for ever', () => {
    const desk = createDesk('riders_single');
    desk.call('a', {}, rejected);
    desk.pass(rejected.retryAfterMs + reopens);
    const probe = desk.acquire('dies');
    if (probe.answer !== 'granted') throw new Error('no permit');
    desk.start(probe.permit);
    desk.pass(settings.sendWithin + settings.callTimeout.riders_single + settings.guard);
    expect(desk.acquire('next').answer).toBe('granted');
  });

  it('permits that were granted before it can not be started any more', () => {
    const desk = createDesk('riders_single');
    const granted = ['a', 'b', 'c'].map((ticket) => desk.acquire(ticket));
    const [first, ...others] = granted.map((answer) => (answer.answer === 'granted' ? answer.permit : ''));
    desk.start(first ?? '');
    desk.settle(first ?? '', { ...rejected, retryAfterMs: 0, learned: { limit: 1, windowMs: 10 * minute } });
    desk.pass(settings.epsilon);
    expect(others.map((permit) => desk.start(permit).answer)).toEqual(['expired', 'expired']);
  });

  it('a success of a call from before it does not end the probing', () => {
    const desk = createDesk('riders_single');
    const [a, b] = ['a', 'b'].map((ticket) => {
      const answer = desk.acquire(ticket);
      if (answer.answer !== 'granted') throw new Error('no permit');
      desk.start(answer.permit);
      return answer.permit;
    });
    desk.pass(second);
    desk.settle(a ?? '', { ...rejected, retryAfterMs: 10 * second });
    desk.settle(b ?? '');
    desk.pass(10 * second + reopens);
    expect(desk.acquire('c').answer).toBe('granted');
    expect(desk.acquire('d').answer).toBe('waiting');
  });

  it('calls that were rejected together have failed once', () => {
    const desk = createDesk('riders_single');
    const permits = ['a', 'b', 'c'].map((ticket) => {
      const answer = desk.acquire(ticket);
      if (answer.answer !== 'granted') throw new Error('no permit');
      return answer.permit;
    });
    for (const permit of permits) desk.start(permit);
    for (const permit of permits) desk.settle(permit, { result: 'answered', status: 429 });
    expect(desk.facts.flatMap((fact) => (fact.fact === 'paused' ? [fact.failures] : []))).toEqual([1, 1, 1]);
  });

  it.each([597_413.7, 1e13, 0.5])('named %d ms away every fact can still be written', (retryAfterMs) => {
    const desk = createDesk('riders_single');
    desk.call('a', {}, { ...rejected, retryAfterMs });
    const written = journalEntry.safeParse({ entry: 'facts', recoverFrom: 0, facts: desk.facts });
    expect(written.error).toBeUndefined();
  });

  it('a longer window that upstream names without a moment is waited out: what was called is forgotten', () => {
    const desk = createDesk('riders_single');
    desk.call('a', {}, { result: 'answered', status: 429, learned: { limit: 5, windowMs: 10 * minute } });
    desk.pass(9 * minute);
    expect(desk.acquire('b')).toMatchObject({ reason: 'paused_by_upstream' });
  });

  it('nobody calls until the moment that upstream named, then one alone', () => {
    const desk = createDesk('riders_single');
    desk.call('a', {}, rejected);
    expect(desk.acquire('b')).toMatchObject({ reason: 'paused_by_upstream' });
    desk.pass(597 * second + reopens);
    const probe = desk.acquire('b');
    expect(probe.answer).toBe('granted');
    expect(desk.acquire('c').answer).toBe('waiting');
    if (probe.answer !== 'granted') return;
    desk.start(probe.permit);
    expect(desk.acquire('c').answer).toBe('waiting');
    desk.settle(probe.permit);
    expect(desk.acquire('c').answer).toBe('granted');
  });

  it('the limit that upstream names is kept, through a crash too', () => {
    const desk = createDesk('riders_single');
    desk.call('a', {}, { ...rejected, learned: { limit: 1, windowMs: 10 * minute } });
    desk.crash();
    desk.pass(11 * minute);
    desk.call('b');
    expect(desk.acquire('c')).toMatchObject({ estimatedAt: desk.now() + 10 * minute + settings.epsilon });
  });

  it('without a named moment the pause grows with every failure', () => {
    const desk = createDesk('riders_single');
    desk.call('a', {}, { result: 'answered', status: 429 });
    const first = desk.facts.find(({ fact }) => fact === 'paused');
    desk.pass(10 * second);
    desk.call('b', {}, { result: 'answered', status: 429 });
    const second_ = desk.facts.findLast(({ fact }) => fact === 'paused');
    if (first?.fact !== 'paused' || second_?.fact !== 'paused') throw new Error('no pause');
    expect(second_.until - desk.now()).toBeGreaterThan(first.until - (desk.now() - 10 * second));
  });
});
