import type { Policy } from '@paceline/shared/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetOf, createScribe, kindsOf } from './testing.ts';

const worstMs = 200_000;
const guardMs = 2_000;

/** One call as it went, ms since the journal begins. */
interface Went {
  readonly startedAt: number;
  /** When the limiter heard how it ended; undefined: never. */
  readonly endedAt: number | undefined;
  readonly fate: 'answered' | 'unanswered' | 'silent' | 'returned';
  readonly arrivesBy: number;
}

/** A call that somebody wants to make: how long after it might, how long it takes, what becomes of it. */
const wish = fc.record({
  idle: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 90_000 })),
  takes: fc.integer({ min: 1, max: 40_000 }),
  fate: fc.constantFrom<Went['fate']>('answered', 'answered', 'answered', 'unanswered', 'silent', 'returned'),
});
type Wish = typeof wish extends fc.Arbitrary<infer T> ? T : never;

const anyPolicy = fc.record({
  limit: fc.integer({ min: 1, max: 4 }),
  windowMs: fc.integer({ min: 5_000, max: 120_000 }),
});

function goAt(startedAt: number, { takes, fate }: Wish): Went {
  const endedAt = startedAt + takes;
  const arrivesBy = {
    answered: endedAt,
    unanswered: Math.min(endedAt + guardMs, startedAt + worstMs),
    silent: startedAt + worstMs,
    returned: startedAt + worstMs,
  }[fate];
  return { startedAt, endedAt: fate === 'silent' ? undefined : endedAt, fate, arrivesBy };
}

/** Whether the law lets a call start at `at`, beside those that went before. */
const mayStart = (went: readonly Went[], at: number, { limit, windowMs }: Policy): boolean =>
  went.filter(({ fate, arrivesBy }) => fate !== 'returned' && arrivesBy + windowMs > at).length < limit;

/** Calls that keep the law: each starts as soon as it may, or `idle` later. Tells which ones had to wait for that. */
function lawful(wishes: readonly Wish[], policy: Policy) {
  const went: Went[] = [];
  const waited: number[] = [];
  for (const each of wishes) {
    const before = went.at(-1)?.startedAt ?? 0;
    const leaving = went.map(({ arrivesBy }) => arrivesBy + policy.windowMs).filter((at) => at > before);
    const soonest =
      [before, ...leaving].toSorted((a, b) => a - b).find((at) => mayStart(went, at, policy)) ?? 0;
    if (each.idle === 0 && soonest > before && each.fate !== 'returned') waited.push(went.length);
    went.push(goAt(soonest + each.idle, each));
  }
  return { went, waited };
}

/** The journal that a limiter would have written of them, with a takeover whenever `claims` says so. */
function journalOf(went: readonly Went[], policy: Policy, claims: readonly number[] = []) {
  const scribe = createScribe();
  scribe.claim();
  scribe.facts(scribe.policy(policy, 0));
  const steps = [
    ...claims.map((at) => ({ at, does: () => scribe.claim(at, `successor at ${at}`) })),
    ...went.flatMap(({ startedAt, endedAt, fate, arrivesBy }, index) => {
      const name = `call${index}`;
      const latestIn = fate === 'silent' ? arrivesBy - startedAt : worstMs + 1;
      const start = { at: startedAt, does: () => scribe.start(name, startedAt, { latestIn }) };
      if (endedAt === undefined) return [start];
      const end = () =>
        fate === 'returned'
          ? scribe.returned(name, endedAt)
          : scribe.settle(name, endedAt, arrivesBy, {
              result: fate === 'answered' ? 'answered' : 'unanswered',
            });
      return [start, { at: endedAt, does: end }];
    }),
  ];
  for (const { does } of steps.toSorted((a, b) => a.at - b.at)) does();
  return scribe;
}

const wishes = fc.array(wish, { minLength: 1, maxLength: 30 });

describe('the auditor', () => {
  it('certifies every journal of calls that keep the law', () => {
    const claims = fc.array(fc.integer({ min: 0, max: 500_000 }), { maxLength: 4 });
    fc.assert(
      fc.property(wishes, anyPolicy, claims, (wished, policy, takeovers) => {
        const judged = journalOf(lawful(wished, policy).went, policy, takeovers).audit();
        expect(kindsOf(judged)).toEqual([]);
        expect(judged.certified).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('certifies none in which one call that had to wait starts a millisecond earlier', () => {
    fc.assert(
      fc.property(wishes, anyPolicy, fc.nat(), (wished, policy, choice) => {
        const { went, waited } = lawful(wished, policy);
        fc.pre(waited.length > 0);
        const chosen = waited[choice % waited.length];
        const moved = went.map((each, index) =>
          index === chosen ? { ...each, startedAt: each.startedAt - 1 } : each,
        );
        const judged = journalOf(moved, policy).audit();
        expect(judged.certified).toBe(false);
        expect(kindsOf(judged)).toEqual(['over_full']);
      }),
      { numRuns: 300 },
    );
  });

  it('finds the fullest window that trying every interval finds, whether the law was kept or not', () => {
    const anyCalls = fc.array(fc.tuple(fc.integer({ min: 0, max: 300_000 }), wish), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(anyCalls, anyPolicy, (calls, policy) => {
        const went = calls.map(([at, each]) => goAt(at, each));
        const sent = went.filter(({ fate }) => fate !== 'returned');
        // Of a window that begins at `from` every call can be part whose interval it meets.
        const within = (from: number) =>
          sent.filter(({ startedAt, arrivesBy }) => startedAt < from + policy.windowMs && arrivesBy >= from)
            .length;
        const most = Math.max(0, ...sent.map(({ arrivesBy }) => within(arrivesBy)));
        const judged = journalOf(went, policy).audit();
        expect(budgetOf(judged).fullest?.calls ?? 0).toBe(most);
        expect(judged.certified).toBe(most <= policy.limit);
      }),
      { numRuns: 300 },
    );
  });
});

describe('matching', () => {
  it('explains every arrival of calls that arrived within their intervals', () => {
    fc.assert(
      fc.property(
        wishes,
        anyPolicy,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 30, maxLength: 30 }),
        (wished, policy, shares) => {
          const { went } = lawful(wished, policy);
          const scribe = journalOf(went, policy);
          const arrivals = went.flatMap(({ fate, startedAt, arrivesBy }, index) => {
            if (fate === 'returned') return [];
            return [scribe.arrival(Math.round(startedAt + (shares[index] ?? 0) * (arrivesBy - startedAt)))];
          });
          const judged = scribe.audit(arrivals);
          expect(kindsOf(judged)).toEqual([]);
          expect(budgetOf(judged).arrivals?.arrived).toBe(arrivals.length);
        },
      ),
      { numRuns: 200 },
    );
  });
});
