import { journalEntry, type Operation } from '@paceline/shared/contracts';
import { describe, expect, it } from 'vitest';
import { budgetOf, createTestLimiter, settings, withSeveral } from './testing.ts';

const second = 1_000;
const minute = 60 * second;
/** The latest time of the probe after the time that upstream named. */
const probeDelay = settings.epsilon + settings.probeJitter;

describe('after a 429', () => {
  const rejected = { result: 'answered', status: 429, retryAfterMs: 597 * second } as const;

  it('lets the next call go when the client of the probe died', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, rejected);
    limiter.pass(rejected.retryAfterMs + probeDelay);
    const probe = limiter.acquire('dies');
    if (probe.answer !== 'granted') throw new Error('no permit');
    limiter.start(probe.permit);
    limiter.pass(settings.sendWithin + budgetOf('riders_single').callTimeout + settings.guard);
    expect(limiter.acquire('next').answer).toBe('granted');
  });

  it('expires permits that were granted before the 429', () => {
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

  it('does not end probing when a call from before the 429 succeeds', () => {
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
    limiter.pass(10 * second + probeDelay);
    expect(limiter.acquire('c').answer).toBe('granted');
    expect(limiter.acquire('d').answer).toBe('waiting');
  });

  it('counts calls rejected together as one rejection', () => {
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

  it.each([597_413.7, 1e13, 0.5])('writes valid facts for a Retry-After of %d ms', (retryAfterMs) => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, { ...rejected, retryAfterMs });
    const written = journalEntry.safeParse({ entry: 'facts', recoverFrom: 0, facts: limiter.facts });
    expect(written.error).toBeUndefined();
  });

  it('waits out a longer window that upstream reports without a Retry-After', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, { result: 'answered', status: 429, learned: { limit: 5, windowMs: 10 * minute } });
    limiter.pass(9 * minute);
    expect(limiter.acquire('b')).toMatchObject({ reason: 'paused_by_upstream' });
  });

  it('allows no call until the time upstream named, then a single probe', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, rejected);
    expect(limiter.acquire('b')).toMatchObject({ reason: 'paused_by_upstream' });
    limiter.pass(597 * second + probeDelay);
    const probe = limiter.acquire('b');
    expect(probe.answer).toBe('granted');
    expect(limiter.acquire('c').answer).toBe('waiting');
    if (probe.answer !== 'granted') return;
    limiter.start(probe.permit);
    expect(limiter.acquire('c').answer).toBe('waiting');
    limiter.settle(probe.permit);
    expect(limiter.acquire('c').answer).toBe('granted');
  });

  it('keeps the limit that upstream reported, even through a crash', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, { ...rejected, learned: { limit: 1, windowMs: 10 * minute } });
    limiter.crash();
    limiter.pass(11 * minute);
    limiter.call('b');
    expect(limiter.acquire('c')).toMatchObject({
      estimatedAt: limiter.now() + 10 * minute + settings.epsilon,
    });
  });

  it('waits for the known window instead of a time that can not be meant, then probes', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, { ...rejected, retryAfterMs: 365 * 24 * 60 * minute });
    limiter.pass(minute - 1);
    expect(limiter.acquire('b').answer).toBe('waiting');
    limiter.pass(probeDelay + 1);
    expect(limiter.acquire('b').answer).toBe('granted');
    expect(limiter.acquire('c').answer).toBe('waiting');
  });

  it('pauses longer with every rejection when upstream names no time', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, { result: 'answered', status: 429 });
    const first = limiter.facts.find(({ fact }) => fact === 'paused');
    limiter.pass(10 * second);
    limiter.call('b', {}, { result: 'answered', status: 429 });
    const next = limiter.facts.findLast(({ fact }) => fact === 'paused');
    if (first?.fact !== 'paused' || next?.fact !== 'paused') throw new Error('no pause');
    expect(next.until - limiter.now()).toBeGreaterThan(first.until - (limiter.now() - 10 * second));
  });
});

describe('the cause of a 429', () => {
  const place = { account: 'team', endpoint: 'clubs' } as const;
  const cause = (outcome: object, ...operations: readonly Operation[]) => {
    const limiter = createTestLimiter('clubs');
    for (const operation of operations) limiter.operate(operation);
    limiter.pass(61 * minute);
    limiter.call('a', {}, { result: 'answered', status: 429, ...outcome });
    return limiter.facts.flatMap((fact) => (fact.fact === 'rejected' ? [fact.attribution] : []));
  };
  const set = (limit: number, windowMs: number): Operation => ({
    do: 'set_policy',
    ...place,
    policy: { limit, windowMs },
  });

  it('is an operator who set a looser limit than documented, or than upstream reports', () => {
    expect(cause({}, set(5, minute))).toEqual(['operator_limit']);
    const learned = { limit: 1, windowMs: 120 * minute };
    expect(cause({ learned }, set(1, 60 * minute))).toEqual(['operator_limit']);
  });

  it('is not an operator whose limit is no looser, or who has reset it', () => {
    const learned = { limit: 1, windowMs: 120 * minute };
    expect(cause({}, set(1, 60 * minute))).toEqual(['foreign_caller']);
    expect(cause({ learned })).toEqual(['policy_changed']);
    expect(cause({ learned }, set(5, minute), { do: 'forget_policy', ...place })).toEqual(['policy_changed']);
  });
});

describe('a 429 about an aligned window', () => {
  const hour = 60 * minute;
  /** Ten minutes into an hour. */
  function limiterAfter(calls: number, outcome: object) {
    const limiter = createTestLimiter(
      'calls',
      withSeveral(
        { calls: { policy: { limit: 10, windowMs: hour }, resets: 'aligned' } },
        { calls: ['calls'] },
      ),
    );
    limiter.pass(hour - (limiter.now() % hour) + 10 * minute);
    for (let call = 1; call < calls; call += 1) limiter.call(`c${call}`);
    limiter.call('rejected', {}, { result: 'answered', status: 429, ...outcome });
    return limiter;
  }
  const openAfter = (limiter: ReturnType<typeof limiterAfter>, ms: number) => {
    limiter.pass(ms);
    return limiter.acquire('next').answer === 'granted';
  };

  it('that is nearly full by the ledger closes it until its reset', () => {
    expect(openAfter(limiterAfter(9, {}), 49 * minute)).toBe(false);
    expect(openAfter(limiterAfter(9, {}), 50 * minute + 2 * probeDelay)).toBe(true);
  });

  it('that has room by the ledger is tried again after growing pauses, or at the time that upstream names', () => {
    expect(openAfter(limiterAfter(3, {}), 2 * second + probeDelay)).toBe(true);
    const named = { retryAfterMs: 10 * second };
    expect(openAfter(limiterAfter(9, named), 9 * second)).toBe(false);
    expect(openAfter(limiterAfter(9, named), 10 * second + probeDelay)).toBe(true);
  });

  it('is not ours because of the calls of the window before', () => {
    const limiter = limiterAfter(1, {});
    limiter.pass(45 * minute);
    for (let call = 0; call < 9; call += 1) limiter.call(`last ${call}`);
    limiter.pass(10 * minute);
    limiter.call('first', {}, { result: 'answered', status: 429 });
    const causes = limiter.facts.flatMap((fact) => (fact.fact === 'rejected' ? [fact.attribution] : []));
    expect(causes).toEqual(['foreign_caller', 'foreign_caller']);
  });
});

describe('after another failure that names a time', () => {
  it.each([503, 403])('(%i) no call starts before it, then a single probe', (status) => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, { result: 'answered', status, retryAfterMs: 5 * minute });
    expect(limiter.facts.filter(({ fact }) => fact === 'rejected')).toEqual([]);
    limiter.pass(5 * minute - 1);
    expect(limiter.acquire('b')).toMatchObject({ reason: 'paused_by_upstream' });
    limiter.pass(probeDelay + 1);
    expect(limiter.acquire('b').answer).toBe('granted');
    expect(limiter.acquire('c').answer).toBe('waiting');
  });

  it('without a time the budget stays open', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, { result: 'answered', status: 503 });
    expect(limiter.acquire('b').answer).toBe('granted');
  });
});
