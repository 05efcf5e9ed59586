import type { Outcome, Policy } from '@paceline/shared/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { policyOf } from './budget.ts';
import { allowsMore } from './policy.ts';
import { budgetIn, budgetOf, createTestLimiter, settings } from './testing.ts';

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

  it('is looser than the documented one when the body of a 429 names it, but not when headers advertise it', () => {
    const limiter = createTestLimiter('clubs');
    limiter.call('a', {}, learns(1, 10 * minute));
    expect(changes(limiter)).toEqual([]);
    limiter.pass(60 * minute + settings.epsilon);
    limiter.call('b', {}, { ...learns(1, 10 * minute, 429), retryAfterMs: 1_000 });
    expect(changes(limiter)).toEqual([{ limit: 1, windowMs: 10 * minute }]);
  });

  it('that headers have tightened goes back to the documented one, but never beyond', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('a', {}, learns(1, 10 * minute));
    limiter.pass(11 * minute);
    limiter.call('b', {}, learns(1, 2 * minute));
    limiter.pass(3 * minute);
    limiter.call('c', {}, learns(3_000, 15 * minute));
    expect(changes(limiter)).toEqual([
      { limit: 1, windowMs: 10 * minute },
      { limit: 1, windowMs: 2 * minute },
      null,
    ]);
  });

  it('that headers have tightened stays after an answer without headers', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('a', {}, learns(1, 10 * minute));
    limiter.pass(11 * minute);
    limiter.call('b');
    expect(changes(limiter)).toEqual([{ limit: 1, windowMs: 10 * minute }]);
  });

  it('that a former version loosened by a header is the documented one again after any answer', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.facts.push({
      fact: 'policy_changed',
      account: 'team',
      endpoint: 'riders_single',
      by: 'upstream',
      at: limiter.now(),
      policy: { limit: 1_000, windowMs: 5 * minute },
      unknownUntil: null,
    });
    limiter.crash();
    limiter.pass(1);
    limiter.call('a');
    expect(changes(limiter).at(-1)).toBeNull();
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

  it('in the headers of a 429 is not loosened by those of other answers', () => {
    const limiter = createTestLimiter('riders_single');
    const advertised = { limit: 2, windowMs: minute };
    limiter.call('a', {}, { result: 'answered', status: 429, retryAfterMs: 1_000, advertised });
    limiter.pass(2 * minute);
    limiter.call('b', {}, learns(3_000, 15 * minute));
    expect(changes(limiter)).toEqual([advertised]);
  });

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

  it.each([
    ['a header after a 429', learns(1, 10 * minute, 429), learns(10, minute)],
    ['a 429 after a 429', learns(1, 10 * minute, 429), learns(10, minute, 429)],
    ['a header after a header', learns(1, 10 * minute), learns(3_000, 15 * minute)],
  ])('is not loosened by an answer to a call that started before it was named: %s', (_, first, second) => {
    const limiter = createTestLimiter('riders_single');
    const [early, late] = ['early', 'late'].map((ticket) => limiter.acquire(ticket, { start: true }));
    if (early?.answer !== 'started' || late?.answer !== 'started') throw new Error('no permit');
    limiter.settle(late.permit, first);
    limiter.settle(early.permit, second);
    limiter.settle('1-99-forgotten', second);
    expect(changes(limiter)).toEqual([{ limit: 1, windowMs: 10 * minute }]);
    if (first.status !== 429) return;
    limiter.pass(20 * minute);
    limiter.call('next', {}, learns(3_000, 15 * minute));
    expect(changes(limiter)).toHaveLength(1);
  });

  it('is capped at 4 000 calls per window', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('a', {}, learns(1e9, minute, 429));
    expect(changes(limiter)).toEqual([{ limit: 4_000, windowMs: minute }]);
  });
});

/** Minutes between two calls: more than any window below. */
const apart = 100;
const policies = fc.record({
  limit: fc.integer({ min: 1, max: 12 }),
  windowMs: fc.integer({ min: 1, max: 90 }).map((minutes) => minutes * minute),
});
const steps = fc.record({
  operation: fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: policies },
  ),
  /** Answered after the next call. */
  isSlow: fc.boolean(),
  crashes: fc.boolean(),
  answer: fc.record(
    {
      status: fc.constantFrom(200, 429),
      learned: policies,
      advertised: fc.oneof(policies, fc.constant({ limit: 3_000, windowMs: 15 * minute })),
      usage: fc
        .record({ limit: fc.integer({ min: 0, max: 12 }), used: fc.integer({ min: 0, max: 12 }) })
        .map((counter) => [{ budget: 'riders_single', ...counter }]),
    },
    { requiredKeys: ['status'] },
  ),
});

describe('the policy in force', () => {
  it('allows no more than what the last 429 taught and an operator set, else than the documented one', () => {
    fc.assert(
      fc.property(fc.array(steps, { minLength: 1, maxLength: 12 }), (all) => {
        const limiter = createTestLimiter('riders_single');
        const budgetKey = { account: 'team', endpoint: 'riders_single' } as const;
        let operator: Policy[] = [];
        let taught: Policy[] = [];
        const known = () => {
          const named = [...operator, ...taught];
          return named.length > 0 ? named : [budgetOf('riders_single').policy];
        };
        const answered = (permit: string, { status, learned, ...counted }: Outcome) => {
          const { advertised } = counted;
          const outcome = { status, ...counted };
          const rejection = { ...outcome, retryAfterMs: minute, ...(learned && { learned }) };
          const isRejected = status === 429;
          if (isRejected && (learned || advertised))
            taught = [...(learned ? [learned] : known()), ...(advertised ? [advertised] : [])];
          limiter.settle(permit, isRejected ? rejection : outcome);
          const budget = budgetIn(limiter.ledger(), 'riders_single');
          if (!budget) throw new Error('no budget');
          const inForce = policyOf(budget);
          expect(known().filter((each) => allowsMore(inForce, each))).toEqual([]);
        };
        let slow = () => {};
        for (const [index, { operation, isSlow, crashes, answer }] of all.entries()) {
          if (operation !== undefined) {
            operator = operation ? [operation] : [];
            taught = [];
            limiter.operate(
              operation
                ? { do: 'set_policy', ...budgetKey, policy: operation }
                : { do: 'forget_policy', ...budgetKey },
            );
          }
          if (crashes) limiter.crash();
          limiter.pass(apart * minute);
          const reply = limiter.acquire(`${index}`, { start: true });
          if (reply.answer !== 'started') throw new Error(reply.answer);
          slow();
          const settle = () => answered(reply.permit, { result: 'answered', ...answer });
          slow = isSlow ? settle : () => {};
          if (!isSlow) settle();
        }
      }),
    );
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

  it('with a looser policy in its headers teaches nothing, so that another tier applies', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a', {}, { ...rejection, advertised: { limit: 3_000, windowMs: 15 * minute } });
    expect(limiter.facts.filter((fact) => fact.fact === 'rejected' && fact.learned)).toEqual([]);
  });

  it.each([
    ['no policy', {}],
    ['a looser one in its headers', { advertised: { limit: 3_000, windowMs: 15 * minute } }],
  ])('with room in our window and %s is attributed to a foreign caller', (_, policy) => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('a');
    limiter.call('b', {}, { ...rejection, ...policy });
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
      settings.sendWithin + budgetOf('signups').callTimeout + settings.guard + minute + settings.epsilon,
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
