import { loadUpstreams } from '@paceline/shared/upstreams/load';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createCounter,
  createLimiter,
  type Enforcement,
  enforcements,
  type SandboxLimiter,
  rateLimitHeaders,
  tooManyRequestsBody,
} from './limiter.ts';

const { budgets } = loadUpstreams({}).zwiftracing;
const policy = { limit: 3, windowMs: 1000 };

/** Whether each call at these times is accepted. */
function replay(enforcement: Enforcement, times: readonly number[]): boolean[] {
  const counter = createCounter(enforcement);
  return times.map((now) => counter(policy, now).accepted);
}

const runs = fc
  .array(
    fc.integer({ min: 0, max: 14 }).map((steps) => steps * 50),
    { maxLength: 60 },
  )
  .map((gaps) => gaps.map((_, index) => 5000 + gaps.slice(0, index + 1).reduce((sum, gap) => sum + gap, 0)));

describe('a fixed window from the first hit', () => {
  it('starts with the first call and, once over, again with the next', () => {
    expect(replay('first-hit', [400, 500, 600, 700, 1399, 1400])).toEqual([
      true,
      true,
      true,
      false,
      false,
      true,
    ]);
  });

  it('is not extended by rejected calls', () => {
    const hammering = [0, 1, 2, 3, 500, 999];
    expect(replay('first-hit', [...hammering, 1000, 1001, 1002, 1003]).slice(6)).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('accepts two full batches in quick succession around its end', () => {
    expect(replay('first-hit', [0, 998, 999, 1000, 1001, 1002])).not.toContain(false);
    expect(replay('sliding', [0, 998, 999, 1000, 1001, 1002])).toContain(false);
  });

  it('returns the end of the window and the remaining calls', () => {
    const counter = createCounter('first-hit');
    expect(counter(policy, 400)).toEqual({ accepted: true, remaining: 2, resetAt: 1400 });
    counter(policy, 500);
    counter(policy, 600);
    expect(counter(policy, 900)).toEqual({ accepted: false, remaining: 0, resetAt: 1400 });
  });
});

describe('a clock-aligned window', () => {
  it('starts at multiples of its length', () => {
    expect(replay('clock-aligned', [900, 950, 999, 1000, 1001, 1002, 1003, 2000])).toEqual([
      true,
      true,
      true,
      true,
      true,
      true,
      false,
      true,
    ]);
  });

  it('resets at the next multiple', () => {
    expect(createCounter('clock-aligned')(policy, 1234).resetAt).toBe(2000);
  });
});

describe('a sliding log', () => {
  it('rejects a call that would exceed the limit in any interval of the window length', () => {
    expect(replay('sliding', [0, 600, 900, 999, 1000, 1599, 1600])).toEqual([
      true,
      true,
      true,
      false,
      true,
      false,
      true,
    ]);
  });

  it('returns when the oldest counted call leaves it', () => {
    const counter = createCounter('sliding');
    for (const now of [100, 200, 300]) counter(policy, now);
    expect(counter(policy, 350)).toEqual({ accepted: false, remaining: 0, resetAt: 1100 });
  });

  it('never accepts a client that keeps calling, when rejections count', () => {
    const everyTenth = Array.from({ length: 50 }, (_, index) => index * 100);
    expect(replay('sliding-counting-rejects', everyTenth).slice(3)).not.toContain(true);
    expect(replay('sliding', everyTenth).slice(3)).toContain(true);
  });

  it('returns a time at which the next call is accepted, when rejections count', () => {
    const counter = createCounter('sliding-counting-rejects');
    const last = [0, 100, 200, 300, 400].map((now) => counter(policy, now)).at(-1);
    expect(last?.resetAt).toBe(1200);
    expect(counter(policy, 1200).accepted).toBe(true);
  });
});

describe('every enforcement', () => {
  it.each(enforcements)('%s accepts the next call at the reset time that it returned', (enforcement) => {
    fc.assert(
      fc.property(runs, (times) => {
        const counter = createCounter(enforcement);
        const last = times.map((now) => counter(policy, now)).at(-1);
        expect(last === undefined || last.accepted || counter(policy, last.resetAt).accepted).toBe(true);
      }),
    );
  });

  it.each(enforcements)('%s never accepts more than twice the limit in any window', (enforcement) => {
    fc.assert(
      fc.property(runs, (times) => {
        const accepted = replay(enforcement, times).flatMap((isAccepted, index) =>
          isAccepted ? (times[index] ?? []) : [],
        );
        const inWindow = (end: number) => accepted.filter((each) => each > end - 1000 && each <= end).length;
        const max = (enforcement.startsWith('sliding') ? 1 : 2) * policy.limit;
        expect(Math.max(0, ...accepted.map(inWindow))).toBeLessThanOrEqual(max);
      }),
    );
  });
});

const team = { key: 'team', tier: 'standard' } as const;
const rich = { key: 'rich', tier: 'premium' } as const;
const minute = 60_000;

const calls = (limiter: SandboxLimiter, count: number, account: typeof team | typeof rich, now = 0) =>
  Array.from({ length: count }, () => limiter.arrive(account, 'riders_single', now).decision.accepted);

describe("the sandbox's limiter", () => {
  it('gives each key the limits of its tier', () => {
    const limiter = createLimiter(budgets, 'first-hit', {});
    expect(calls(limiter, 6, team)).toEqual([true, true, true, true, true, false]);
    expect(calls(limiter, 11, rich).lastIndexOf(true)).toBe(9);
  });

  it('counts each budget and each key separately', () => {
    const limiter = createLimiter(budgets, 'first-hit', {});
    expect(limiter.arrive(team, 'clubs', 0).decision.accepted).toBe(true);
    expect(limiter.arrive(team, 'events', 0).decision.accepted).toBe(true);
    expect(limiter.arrive({ ...team, key: 'other' }, 'clubs', 0).decision.accepted).toBe(true);
    expect(limiter.arrive(team, 'clubs', 1).decision.accepted).toBe(false);
  });

  it('applies an override to every tier', () => {
    const override = { limit: 2, windowMs: 10 * minute };
    const limiter = createLimiter(budgets, 'first-hit', { riders_single: override });
    expect(limiter.arrive(rich, 'riders_single', 0).policy).toEqual(override);
    expect(calls(limiter, 2, rich)).toEqual([true, false]);
  });

  it('applies an override to calls already counted, and removes it', () => {
    const limiter = createLimiter(budgets, 'first-hit', {});
    calls(limiter, 2, team);
    expect(limiter.changePolicies({ riders_single: { limit: 2, windowMs: 10 * minute } })).toEqual({
      riders_single: { limit: 2, windowMs: 10 * minute },
    });
    expect(calls(limiter, 1, team, 2 * minute)).toEqual([false]);
    expect(limiter.changePolicies({ riders_single: null })).toEqual({});
    expect(calls(limiter, 1, team, 3 * minute)).toEqual([true]);
  });

  it('resets its counts on a restart and on a change of enforcement', () => {
    const limiter = createLimiter(budgets, 'first-hit', {});
    calls(limiter, 5, team);
    limiter.restart();
    expect(calls(limiter, 1, team)).toEqual([true]);
    calls(limiter, 9, team);
    limiter.enforce('clock-aligned');
    expect(calls(limiter, 5, team, minute - 1)).not.toContain(false);
    expect(calls(limiter, 5, team, minute)).not.toContain(false);
  });
});

const once = { limit: 1, windowMs: 600_000 };
const rejected = { accepted: false, remaining: 0, resetAt: 600_000 };

describe('a 429', () => {
  it('has the body captured from upstream', () => {
    expect(JSON.stringify(tooManyRequestsBody(once, rejected, 3_000))).toBe(
      '{"error":"Too many requests, please try again later.","retryAfter":"597","windowMinutes":10,"limit":1}',
    );
  });

  it('rounds seconds up, so that a client that waits is not too early', () => {
    expect(tooManyRequestsBody(once, rejected, 3_001).retryAfter).toBe('597');
    expect(tooManyRequestsBody(once, rejected, 599_999).retryAfter).toBe('1');
  });

  it('has Retry-After and the IETF fields when headers are enabled', () => {
    expect(rateLimitHeaders(once, rejected, 3_000)).toEqual({
      'RateLimit-Policy': '"default";q=1;w=600',
      RateLimit: '"default";r=0;t=597',
      'Retry-After': '597',
    });
  });
});

it('an accepted call has no Retry-After', () => {
  const accepted = { accepted: true, remaining: 4, resetAt: 60_000 };
  expect(rateLimitHeaders({ limit: 5, windowMs: 60_000 }, accepted, 0)).toEqual({
    'RateLimit-Policy': '"default";q=5;w=60',
    RateLimit: '"default";r=4;t=60',
  });
});
