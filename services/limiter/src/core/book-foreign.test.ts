import type { Outcome, Usage } from '@paceline/shared/contracts';
import { array, assert, boolean, constantFrom, integer, option, property, record, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countForeignIn, createTestLimiter, settings, withSeveral } from './testing.ts';
import { windows } from './views.ts';

const second = 1_000;
const minute = 60 * second;

/** Ten calls per aligned minute, and five per sliding one. */
const using = withSeveral(
  {
    aligned: { policy: { limit: 10, windowMs: minute }, resets: 'aligned' },
    sliding: { policy: { limit: 5, windowMs: minute } },
  },
  { both: ['aligned', 'sliding'], other: ['aligned'] },
);
const answered = (...usage: Usage[]): Outcome => ({ result: 'answered', status: 200, usage });
const aligned = (used: number): Usage => ({ budget: 'aligned', limit: 10, used });

/** At the start of an aligned window. */
function createLimiter() {
  const limiter = createTestLimiter('other', using);
  limiter.pass(minute - (limiter.now() % minute) + 2 * settings.epsilon);
  return limiter;
}
const windowOf = (limiter: ReturnType<typeof createLimiter>, name: string) =>
  windows(limiter.ledger(), 'team', limiter.now()).windows.find(({ endpoint }) => endpoint === name);
const booked = (limiter: ReturnType<typeof createLimiter>) =>
  limiter.facts.flatMap((fact) => (fact.fact === 'foreign_booked' ? [fact] : []));

/** A call whose answer shows that `used` calls count. */
const call = (limiter: ReturnType<typeof createLimiter>, ticket: string, used: number) => {
  limiter.call(ticket, {}, answered(aligned(used)));
  limiter.pass(second);
};

describe('calls of another program', () => {
  it('take places in the window once two answers show them, until it resets', () => {
    const limiter = createLimiter();
    call(limiter, 'a', 5);
    expect(windowOf(limiter, 'aligned')).toMatchObject({ available: 9 });
    call(limiter, 'b', 6);
    expect(booked(limiter)).toMatchObject([{ endpoint: 'aligned', by: 'counter', calls: 4 }]);
    expect(windowOf(limiter, 'aligned')).toMatchObject({
      available: 4,
      foreign: { since: booked(limiter)[0]?.at, calls: [{ calls: 4 }] },
    });
    limiter.pass(minute);
    expect(windowOf(limiter, 'aligned')).toMatchObject({ available: 10, foreign: { calls: [] } });
    limiter.pass(2 * minute);
    expect(windowOf(limiter, 'aligned')).not.toHaveProperty('foreign');
  });

  it('are booked once, and again only for more of them', () => {
    const limiter = createLimiter();
    call(limiter, 'a', 4);
    call(limiter, 'b', 5);
    call(limiter, 'c', 6);
    call(limiter, 'd', 8);
    call(limiter, 'e', 9);
    expect(booked(limiter).map(({ calls }) => calls)).toEqual([3, 1]);
    expect(new Set(booked(limiter).map(({ since }) => since)).size).toBe(1);
  });

  it('expire granted permits that no longer have a place', () => {
    const limiter = createLimiter();
    call(limiter, 'a', 9);
    const reply = limiter.acquire('b');
    const held = Array.from({ length: 8 }, (_, index) => limiter.acquire(`held ${index}`));
    expect(held.every(({ answer }) => answer === 'granted')).toBe(true);
    if (reply.answer !== 'granted') throw new Error('no permit');
    limiter.start(reply.permit);
    limiter.settle(reply.permit, answered(aligned(10)));
    expect(windowOf(limiter, 'aligned')).toMatchObject({ available: 0 });
    const [first] = held;
    expect(first?.answer === 'granted' && limiter.start(first.permit).answer).toBe('expired');
  });

  it('are counted as before by a limiter that takes over', () => {
    const limiter = createLimiter();
    call(limiter, 'a', 5);
    call(limiter, 'b', 6);
    const before = windowOf(limiter, 'aligned');
    limiter.crash();
    expect(windowOf(limiter, 'aligned')).toEqual(before);
  });

  it('are not looked for while calls of ours may be unknown', () => {
    const limiter = createLimiter();
    limiter.call('a', {}, answered(aligned(1)));
    limiter.operate({
      do: 'set_policy',
      account: 'team',
      endpoint: 'aligned',
      policy: { limit: 10, windowMs: 2 * minute },
    });
    expect(windowOf(limiter, 'aligned')?.unknownUntil).not.toBeNull();
    expect(booked(limiter)).toEqual([]);
  });
});

describe('a 429 that the ledger cannot explain', () => {
  it('is about the budgets that its counters show as full, which stay closed until they reset', () => {
    const limiter = createLimiter();
    const full: Usage = { budget: 'aligned', limit: 10, used: 10 };
    const sliding: Usage = { budget: 'sliding', limit: 5, used: 1 };
    limiter.call('a', { endpoint: 'both' }, { result: 'answered', status: 429, usage: [full, sliding] });
    expect(booked(limiter)).toMatchObject([{ endpoint: 'aligned', by: 'rejection', calls: 9 }]);
    expect(windowOf(limiter, 'sliding')?.pausedUntil.upstream).toBeNull();
    const until = windowOf(limiter, 'aligned')?.pausedUntil.upstream ?? 0;
    expect(until % minute).toBeGreaterThanOrEqual(settings.epsilon);
    expect(until - limiter.now()).toBeGreaterThan(minute / 2);
  });

  it('counts no longer than its pause', () => {
    const limiter = createTestLimiter(
      'sliding',
      withSeveral({ sliding: { policy: { limit: 5, windowMs: minute } } }, { sliding: ['sliding'] }),
    );
    limiter.call('a', {}, { result: 'answered', status: 429, retryAfterMs: 10 * second });
    expect(booked(limiter)).toMatchObject([{ calls: 4 }]);
    limiter.pass(10 * second + settings.epsilon + settings.probeJitter);
    expect(limiter.acquire('b').answer).toBe('granted');
  });
});

it('never lets more calls go, whatever upstream counts', () => {
  const count = option(integer({ min: -3, max: 14 }), { nil: undefined });
  const usage = record({
    budget: constantFrom('aligned', 'sliding', 'none'),
    limit: constantFrom(10, 5, 7, undefined),
    used: count,
    remaining: count,
  });
  const step = record({
    endpoint: constantFrom('both', 'other'),
    wait: integer({ min: 0, max: 20 * second }),
    usage: array(usage, { maxLength: 3 }),
    rejected: boolean(),
  });
  assert(
    property(array(tuple(step), { maxLength: 30 }), (steps) => {
      const limiter = createTestLimiter('other', using);
      for (const [index, [{ endpoint, wait, usage: said, rejected }]] of steps.entries()) {
        limiter.pass(wait);
        const reply = limiter.acquire(`t${index}`, { endpoint });
        for (const { limit, ours, foreign, available } of countForeignIn(limiter.ledger(), limiter.now())) {
          expect(available).toBeLessThanOrEqual(Math.max(0, limit - ours));
          expect(foreign).toBeLessThanOrEqual(limit);
        }
        if (reply.answer !== 'granted') continue;
        limiter.start(reply.permit, endpoint);
        limiter.pass(wait / 10);
        const outcome = { result: 'answered', status: rejected ? 429 : 200, usage: said } as Outcome;
        limiter.settle(reply.permit, outcome, endpoint);
      }
    }),
  );
});
