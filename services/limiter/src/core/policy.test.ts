import { describe, expect, it } from 'vitest';
import { createTestLimiter, settings } from './testing.ts';

const minute = 60_000;
const learns = (limit: number, windowMs: number, status = 200) =>
  ({
    result: 'answered',
    status,
    [status === 429 ? 'learned' : 'advertised']: { limit, windowMs },
  }) as const;
const changes = (limiter: ReturnType<typeof createTestLimiter>) =>
  limiter.facts.flatMap((fact) => (fact.fact === 'policy_changed' ? [fact.policy] : []));

describe('a policy', () => {
  it('is learned from any answer that reports it, even a successful one', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('a', {}, learns(1, 10 * minute));
    limiter.pass(9 * minute);
    expect(limiter.acquire('b').answer).toBe('waiting');
    limiter.pass(2 * minute);
    expect(limiter.acquire('b').answer).toBe('granted');
  });

  it('is loosened when upstream reports it', () => {
    const limiter = createTestLimiter('clubs');
    limiter.call('a', {}, learns(1, 10 * minute));
    limiter.pass(10 * minute + settings.epsilon);
    expect(limiter.acquire('b').answer).toBe('granted');
  });

  it('does not change when upstream reports the current one', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('a', {}, learns(1, minute));
    expect(changes(limiter)).toEqual([]);
  });

  it('set by an operator is tightened by upstream, but never loosened', () => {
    const limiter = createTestLimiter('riders_single');
    const budgetKey = { account: 'team', endpoint: 'riders_single' } as const;
    limiter.operate({ do: 'set_policy', ...budgetKey, policy: { limit: 3, windowMs: 2 * minute } });
    limiter.pass(5 * minute);
    limiter.call('a', {}, learns(10, minute));
    expect(changes(limiter)).toHaveLength(1);
    limiter.call('b', {}, learns(2, minute));
    expect(changes(limiter).at(-1)).toEqual({ limit: 2, windowMs: 2 * minute });
  });

  it('set by an operator is not loosened by a header after another one has tightened it', () => {
    const limiter = createTestLimiter('riders_single');
    const place = { account: 'team', endpoint: 'riders_single' } as const;
    limiter.operate({ do: 'set_policy', ...place, policy: { limit: 3, windowMs: 2 * minute } });
    limiter.pass(5 * minute);
    limiter.call('a', {}, learns(2, minute));
    limiter.pass(5 * minute);
    limiter.call('b', {}, learns(100, minute));
    expect(changes(limiter).at(-1)).toEqual({ limit: 3, windowMs: 2 * minute });
  });

  it.each([
    ['another one', { limit: 1, windowMs: 10 * minute }],
    ['the documented one', { limit: 5, windowMs: minute }],
  ])(
    'that a 429 has taught (%s) is not loosened by headers, even through a crash, but by another 429',
    (_, policy) => {
      const limiter = createTestLimiter('riders_single');
      limiter.call('a', {}, { ...learns(policy.limit, policy.windowMs, 429), retryAfterMs: 1_000 });
      const taught = changes(limiter);
      limiter.crash();
      for (const ticket of ['b', 'c']) {
        limiter.pass(11 * minute);
        limiter.call(ticket, {}, learns(3_000, minute));
      }
      expect(changes(limiter)).toEqual(taught);
      limiter.pass(11 * minute);
      limiter.call('d', {}, { ...learns(4, minute, 429), retryAfterMs: 1_000 });
      expect(changes(limiter).at(-1)).toEqual({ limit: 4, windowMs: minute });
    },
  );

  it('in the headers of a 429 does not loosen what its body has taught', () => {
    const limiter = createTestLimiter('riders_single');
    const rejection = { result: 'answered', status: 429, retryAfterMs: 1_000 } as const;
    const advertised = { limit: 3_000, windowMs: 15 * minute };
    limiter.call('a', {}, { ...rejection, learned: { limit: 1, windowMs: 10 * minute }, advertised });
    limiter.pass(11 * minute);
    limiter.call('b', {}, { ...rejection, advertised });
    expect(changes(limiter)).toEqual([{ limit: 1, windowMs: 10 * minute }]);
  });

  it('with a longer window allows no call until the forgotten calls have left it', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('old');
    limiter.pass(5 * minute);
    limiter.call('a', {}, learns(5, 10 * minute));
    // A call of more than a minute ago may count for nine more minutes.
    limiter.pass(9 * minute);
    expect(limiter.acquire('b').answer).toBe('waiting');
    limiter.pass(settings.epsilon);
    expect(limiter.acquire('b').answer).toBe('granted');
  });

  it('whose window grows twice extends the unknown time twice', () => {
    const limiter = createTestLimiter('riders_single');
    const budgetKey = { account: 'team', endpoint: 'riders_single' } as const;
    limiter.operate({ do: 'set_policy', ...budgetKey, policy: { limit: 1, windowMs: 2 * minute } });
    limiter.operate({ do: 'set_policy', ...budgetKey, policy: { limit: 1, windowMs: 3 * minute } });
    limiter.pass(2 * minute);
    expect(limiter.acquire('a').answer).toBe('waiting');
    limiter.pass(settings.epsilon);
    expect(limiter.acquire('a').answer).toBe('granted');
  });

  it('whose window shrinks again no longer waits for the longer one', () => {
    const limiter = createTestLimiter('signups');
    const budgetKey = { account: 'team', endpoint: 'signups' } as const;
    limiter.operate({ do: 'set_policy', ...budgetKey, policy: { limit: 1, windowMs: 24 * 60 * minute } });
    limiter.pass(5_000);
    limiter.operate({ do: 'set_policy', ...budgetKey, policy: { limit: 1, windowMs: minute } });
    limiter.pass(settings.epsilon);
    expect(limiter.acquire('a').answer).toBe('granted');
  });

  it('whose window shrinks during the unknown time waits only as the shorter one requires', () => {
    const limiter = createTestLimiter('signups');
    const budgetKey = { account: 'team', endpoint: 'signups' } as const;
    limiter.operate({ do: 'set_policy', ...budgetKey, policy: { limit: 1, windowMs: 10 * minute } });
    limiter.operate({ do: 'set_policy', ...budgetKey, policy: { limit: 1, windowMs: 4 * minute } });
    limiter.pass(3 * minute);
    expect(limiter.acquire('a').answer).toBe('waiting');
    limiter.pass(settings.epsilon);
    expect(limiter.acquire('a').answer).toBe('granted');
  });

  it('is not loosened by an answer to a call that started before it was named', () => {
    const limiter = createTestLimiter('riders_single');
    const [early, late] = ['early', 'late'].map((ticket) => limiter.acquire(ticket, { start: true }));
    if (early?.answer !== 'started' || late?.answer !== 'started') throw new Error('no permit');
    limiter.settle(late.permit, { ...learns(1, 10 * minute, 429), retryAfterMs: minute });
    limiter.settle(early.permit, learns(10, minute));
    limiter.settle('1-99-forgotten', learns(10, minute));
    expect(changes(limiter)).toEqual([{ limit: 1, windowMs: 10 * minute }]);
  });

  it('is capped at 1 000 calls per window', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('a', {}, learns(1e9, minute));
    expect(changes(limiter)).toEqual([{ limit: 1_000, windowMs: minute }]);
  });
});

describe('a 429', () => {
  const attributionOf = (limiter: ReturnType<typeof createTestLimiter>) =>
    limiter.facts.flatMap((fact) => (fact.fact === 'rejected' ? [fact.attribution] : [])).at(-1);
  const rejection = { result: 'answered', status: 429, retryAfterMs: minute } as const;

  it('that reports a stricter policy is attributed to the policy', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, { ...rejection, learned: { limit: 1, windowMs: 10 * minute } });
    expect(attributionOf(limiter)).toBe('policy_changed');
  });

  it('with room in our window is attributed to a foreign caller', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a');
    limiter.call('b', {}, rejection);
    expect(attributionOf(limiter)).toBe('foreign_caller');
  });

  it('that arrives a window late is not attributed to our later calls', () => {
    const limiter = createTestLimiter('riders_single');
    const slow = limiter.acquire('slow');
    if (slow.answer !== 'granted') throw new Error('no permit');
    limiter.start(slow.permit);
    limiter.pass(2 * minute);
    for (const ticket of ['a', 'b', 'c', 'd']) limiter.call(ticket);
    limiter.pass(2 * minute);
    for (const ticket of ['e', 'f', 'g', 'h']) limiter.call(ticket);
    limiter.settle(slow.permit, rejection);
    expect(attributionOf(limiter)).toBe('foreign_caller');
  });

  it('shortly after an unsettled call is attributed to that call', () => {
    const limiter = createTestLimiter('signups');
    const dies = limiter.acquire('dies');
    if (dies.answer !== 'granted') throw new Error('no permit');
    limiter.start(dies.permit);
    limiter.pass(
      settings.sendWithin + settings.callTimeout.signups + settings.guard + minute + settings.epsilon,
    );
    limiter.call('b', {}, rejection);
    expect(attributionOf(limiter)).toBe('unreported_permit');
  });

  it('in a window overfilled before an operator tightened the policy is ours', () => {
    const limiter = createTestLimiter('riders_single');
    const budgetKey = { account: 'team', endpoint: 'riders_single' } as const;
    const granted = ['a', 'b'].map((ticket) => {
      const answer = limiter.acquire(ticket);
      if (answer.answer !== 'granted') throw new Error('no permit');
      limiter.start(answer.permit);
      return answer.permit;
    });
    limiter.operate({ do: 'set_policy', ...budgetKey, policy: { limit: 1, windowMs: minute } });
    limiter.settle(granted[1] ?? '', rejection);
    expect(attributionOf(limiter)).toBe('ours');
  });
});
