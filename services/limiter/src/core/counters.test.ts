import {
  type Arbitrary,
  array,
  assert,
  boolean,
  constant,
  constantFrom,
  integer,
  property,
  record,
  tuple,
} from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Usage } from '@paceline/shared/contracts';
import { policyOf } from './budget.ts';
import { compareUsage, type Observed, type Reading } from './counters.ts';
import { budgetIn, createTestLimiter, withSeveral } from './testing.ts';

const budget = 'day';
const [windowMs, epsilon, limit] = [1_000, 20, 50];
type Resets = Observed['resets'];

/** A call of ours: when it starts, arrives upstream and is answered. */
interface Call {
  readonly start: number;
  readonly arrival: number;
  readonly answer: number;
}

/** The ledger's rule: a call that arrived by then no longer counts at `now`. */
const since = (resets: Resets, now: number): number =>
  resets === 'sliding'
    ? now - windowMs - epsilon
    : Math.floor((now - epsilon) / windowMs) * windowMs - epsilon;

/** How many arrivals upstream has in its window at `at`; its clock is ahead of ours by `ahead`. */
const countAt = (resets: Resets, arrivals: readonly number[], at: number, ahead: number): number => {
  const from = resets === 'sliding' ? at - windowMs : Math.floor((at + ahead) / windowMs) * windowMs - ahead;
  return arrivals.filter((each) => each <= at && (resets === 'sliding' ? each > from : each >= from)).length;
};

/** What the ledger concludes from each answer, in the order of the answers. */
function conclusions(
  resets: Resets,
  calls: readonly Call[],
  usageOf: (call: Call) => Usage,
): Array<{ call: Call; ours: number; confirmed: number }> {
  let reading: Reading | undefined;
  return calls
    .toSorted((a, b) => a.answer - b.answer)
    .map((call) => {
      const from = since(resets, call.start);
      const ours = calls.filter(
        ({ start, answer }) => start <= call.answer && (answer <= call.answer ? answer : Infinity) > from,
      ).length;
      const times = { startedAt: call.start, answeredAt: call.answer, since: from };
      const next = compareUsage(reading, { usage: usageOf(call), limit, resets, ...times, ours });
      reading = next.reading;
      return { call, ours, confirmed: next.confirmed };
    });
}

interface World {
  readonly resets: Resets;
  readonly calls: readonly Call[];
  /** Arrivals of another program's calls. */
  readonly foreign: readonly number[];
  /** How far upstream's clock is ahead of ours. */
  readonly ahead: number;
  readonly countsDown: boolean;
}

const times = integer({ min: 0, max: 4_000 });
const call = tuple(times, integer({ min: 0, max: 400 }), integer({ min: 0, max: 400 })).map(
  ([start, sending, answering]): Call => ({
    start,
    arrival: start + sending,
    answer: start + sending + answering,
  }),
);
const world = (foreign: Arbitrary<number[]>): Arbitrary<World> =>
  record({
    resets: constantFrom<Resets>('sliding', 'aligned'),
    calls: array(call, { minLength: 1, maxLength: 25 }),
    foreign,
    ahead: integer({ min: 1 - epsilon, max: epsilon - 1 }),
    countsDown: boolean(),
  });

/** An upstream that counts every arrival. */
function honest({ resets, calls, foreign, ahead, countsDown }: World): (call: Call) => Usage {
  const arrivals = [...calls.map(({ arrival }) => arrival), ...foreign];
  return ({ arrival }) => {
    const used = countAt(resets, arrivals, arrival, ahead);
    return countsDown ? { budget, limit, remaining: limit - used } : { budget, used };
  };
}

describe('calls of other programs', () => {
  it('are never seen where there are none, however late calls arrive and are answered', () => {
    assert(
      property(world(constant([])), (given) => {
        for (const { confirmed } of conclusions(given.resets, given.calls, honest(given)))
          expect(confirmed).toBe(0);
      }),
    );
  });

  it('are never more than upstream counts', () => {
    assert(
      property(world(array(times, { maxLength: 20 })), (given) => {
        for (const { call: last, confirmed } of conclusions(given.resets, given.calls, honest(given)))
          expect(confirmed).toBeLessThanOrEqual(
            countAt(given.resets, given.foreign, last.arrival, given.ahead),
          );
      }),
    );
  });

  it.each<Resets>(['sliding', 'aligned'])('are known after two answers (%s)', (resets) => {
    const calls = [100, 200].map((start) => ({ start, arrival: start + 10, answer: start + 20 }));
    const given = { resets, calls, foreign: [30, 40, 50], ahead: 0, countsDown: false };
    expect(conclusions(resets, calls, honest(given)).map(({ confirmed }) => confirmed)).toEqual([0, 3]);
  });
});

describe('a counter that cannot be right', () => {
  const calls = Array.from({ length: 8 }, (_, index) => {
    const start = 100 * (index + 1);
    return { start, arrival: start + 1, answer: start + 2 };
  });
  const confirmedBy = (resets: Resets, ...said: ReadonlyArray<Omit<Usage, 'budget'>>) =>
    conclusions(resets, calls, ({ start }) => ({ budget, ...said[(start / 100 - 1) % said.length] })).map(
      ({ confirmed }) => confirmed,
    );
  const nothing = calls.map(() => 0);

  it.each<[string, Omit<Usage, 'budget'>]>([
    ['above the limit', { used: limit + 1 }],
    ['below nothing', { used: -1 }],
    ['with more left than the limit', { limit, remaining: limit + 1 }],
    ['of another limit', { limit: limit * 2, used: 40 }],
    ['without its limit', { remaining: 1 }],
    ['that contradicts itself', { limit, used: 40, remaining: 40 }],
    ['without a number', {}],
  ])('is not believed: %s', (_, said) => {
    expect(confirmedBy('aligned', said)).toEqual(nothing);
    expect(confirmedBy('sliding', said)).toEqual(nothing);
  });

  it('is not believed when it jumps once', () => {
    expect(confirmedBy('sliding', { used: 45 }, { used: 0 })).toEqual(nothing);
  });

  it('is not believed when it goes backwards within an aligned window', () => {
    expect(confirmedBy('aligned', { used: 45 }, { used: 20 })).toEqual(nothing);
  });

  it('never leads to more than the limit', () => {
    const said = array(
      record(
        {
          limit: constantFrom(limit, 7),
          used: integer({ min: -9, max: 99 }),
          remaining: integer({ min: -9, max: 99 }),
        },
        { requiredKeys: [] },
      ),
      { minLength: 1, maxLength: 8 },
    );
    assert(
      property(
        constantFrom<Resets>('sliding', 'aligned'),
        array(call, { maxLength: 25 }),
        said,
        (resets, all, each) => {
          const usageOf = ({ start }: Call): Usage => ({ budget, ...each[start % each.length] });
          for (const { ours, confirmed } of conclusions(resets, all, usageOf)) {
            expect(confirmed).toBeGreaterThanOrEqual(0);
            expect(confirmed).toBeLessThanOrEqual(Math.max(0, limit - ours));
          }
        },
      ),
    );
  });
});

describe('a limit that counters name', () => {
  const quarter = 900_000;
  const using = withSeveral(
    {
      quarter: { policy: { limit: 200, windowMs: quarter }, resets: 'aligned' },
      day: { policy: { limit: 2_000, windowMs: 96 * quarter }, resets: 'aligned' },
    },
    { read: ['quarter', 'day'] },
  );
  const createLimiter = () => createTestLimiter('read', using);
  type Limiter = ReturnType<typeof createLimiter>;
  const says = (limiter: Limiter, ...each: ReadonlyArray<Omit<Usage, 'budget'>>) => {
    for (const usage of each) {
      limiter.call(
        `${limiter.facts.length}`,
        {},
        {
          result: 'answered',
          status: 200,
          usage: [{ budget: 'quarter', ...usage }],
        },
      );
      limiter.pass(1_000);
    }
  };
  const limitOf = (limiter: Limiter) => {
    const known = budgetIn(limiter.ledger(), 'quarter');
    return known && policyOf(known).limit;
  };
  const changes = (limiter: Limiter) =>
    limiter.facts.flatMap((fact) =>
      fact.fact === 'policy_changed' ? [{ of: fact.endpoint, limit: fact.policy?.limit }] : [],
    );

  it('below the documented one is learned when two answers agree, and kept through a crash', () => {
    const limiter = createLimiter();
    says(limiter, { limit: 100, used: 1 });
    expect(limitOf(limiter)).toBe(200);
    says(limiter, { limit: 100, used: 2 });
    expect(limitOf(limiter)).toBe(100);
    limiter.crash();
    says(limiter, { limit: 100, used: 3 });
    expect(changes(limiter)).toEqual([{ of: 'quarter', limit: 100 }]);
    expect(limitOf(limiter)).toBe(100);
  });

  it('goes back to the documented one when two answers name it again, and never beyond', () => {
    const limiter = createLimiter();
    says(limiter, { limit: 100, used: 1 }, { limit: 100, used: 2 });
    says(limiter, { limit: 400, used: 3 });
    expect(limitOf(limiter)).toBe(100);
    says(limiter, { limit: 400, used: 4 });
    expect(limitOf(limiter)).toBe(200);
  });

  it('counts with it from then on', () => {
    const limiter = createLimiter();
    says(limiter, { limit: 100, used: 1 }, { limit: 100, used: 2 });
    says(limiter, { limit: 100, used: 53 }, { limit: 100, used: 54 });
    expect(limiter.facts.filter(({ fact }) => fact === 'foreign_booked')).toMatchObject([{ calls: 50 }]);
  });

  it.each<[string, ReadonlyArray<Omit<Usage, 'budget'>>]>([
    [
      'only once',
      [
        { limit: 100, used: 1 },
        { limit: 200, used: 2 },
        { limit: 100, used: 3 },
      ],
    ],
    [
      'as none',
      [
        { limit: 0, used: 1 },
        { limit: 0, used: 2 },
      ],
    ],
    [
      'with more left of it',
      [
        { limit: 100, remaining: 150 },
        { limit: 100, remaining: 149 },
      ],
    ],
    [
      'that contradicts the rest',
      [
        { limit: 100, used: 1, remaining: 9 },
        { limit: 100, used: 2, remaining: 9 },
      ],
    ],
  ])('is not believed: %s', (_, said) => {
    const limiter = createLimiter();
    says(limiter, ...said);
    expect(changes(limiter)).toEqual([]);
  });

  it('is not believed of two calls that were under way together', () => {
    const limiter = createLimiter();
    const permits = ['a', 'b'].map((ticket) => {
      const reply = limiter.acquire(ticket, { start: true });
      return reply.answer === 'started' ? reply.permit : '';
    });
    for (const permit of permits) {
      limiter.pass(10);
      limiter.settle(permit, {
        result: 'answered',
        status: 200,
        usage: [{ budget: 'quarter', limit: 100, used: 2 }],
      });
    }
    expect(changes(limiter)).toEqual([]);
  });

  it('does not speak for a window that the same answer names', () => {
    const limiter = createTestLimiter(
      'read',
      withSeveral({ quarter: { policy: { limit: 200, windowMs: quarter } } }, { read: ['quarter'] }),
    );
    for (const used of [1, 2]) {
      limiter.call(
        `${used}`,
        {},
        {
          result: 'answered',
          status: 200,
          advertised: { limit: 20, windowMs: 60_000 },
          usage: [{ budget: 'quarter', limit: 20, used }],
        },
      );
      limiter.pass(1_000);
    }
    // 20 per minute, within the documented 200 per quarter of an hour.
    expect(changes(limiter)).toEqual([{ of: 'quarter', limit: 20 }]);
    expect(budgetIn(limiter.ledger(), 'quarter')?.record.policy?.windowMs).toBe(quarter / 10);
  });
});
