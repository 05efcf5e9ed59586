import type { Policy } from '@paceline/shared/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetOf, createJournalWriter, kindsOf } from './testing.ts';

const worstMs = 200_000;
const guardMs = 2_000;

/** Times are ms since the journal's start. */
interface SimulatedCall {
  readonly startedAt: number;
  /** When the limiter received the settle or return; undefined: never. */
  readonly endedAt: number | undefined;
  readonly end: 'answered' | 'unanswered' | 'unsettled' | 'returned';
  readonly arrivesBy: number;
}

/** `idle`: how long after the earliest possible start, ms. */
const anyCall = fc.record({
  idle: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 90_000 })),
  takes: fc.integer({ min: 1, max: 40_000 }),
  end: fc.constantFrom<SimulatedCall['end']>(
    'answered',
    'answered',
    'answered',
    'unanswered',
    'unsettled',
    'returned',
  ),
});
type PlannedCall = typeof anyCall extends fc.Arbitrary<infer T> ? T : never;

const anyPolicy = fc.record({
  limit: fc.integer({ min: 1, max: 4 }),
  windowMs: fc.integer({ min: 5_000, max: 120_000 }),
});

function callAt(startedAt: number, { takes, end }: PlannedCall): SimulatedCall {
  const endedAt = startedAt + takes;
  const arrivesBy = {
    answered: endedAt,
    unanswered: Math.min(endedAt + guardMs, startedAt + worstMs),
    unsettled: startedAt + worstMs,
    returned: startedAt + worstMs,
  }[end];
  return { startedAt, endedAt: end === 'unsettled' ? undefined : endedAt, end, arrivesBy };
}

/** Whether the policy allows a start at `at` after the earlier calls. */
const canStart = (earlier: readonly SimulatedCall[], at: number, { limit, windowMs }: Policy): boolean =>
  earlier.filter(({ end, arrivesBy }) => end !== 'returned' && arrivesBy + windowMs > at).length < limit;

/** Calls within the policy, each at its earliest possible start plus `idle`; `waited`: indexes of those that had to wait. */
function validCalls(planned: readonly PlannedCall[], policy: Policy) {
  const calls: SimulatedCall[] = [];
  const waited: number[] = [];
  for (const each of planned) {
    const before = calls.at(-1)?.startedAt ?? 0;
    const leaving = calls.map(({ arrivesBy }) => arrivesBy + policy.windowMs).filter((at) => at > before);
    const soonest =
      [before, ...leaving].toSorted((a, b) => a - b).find((at) => canStart(calls, at, policy)) ?? 0;
    if (each.idle === 0 && soonest > before && each.end !== 'returned') waited.push(calls.length);
    calls.push(callAt(soonest + each.idle, each));
  }
  return { calls, waited };
}

/** The journal that a limiter would write for the calls, with a takeover at each of `claims`. */
function journalOf(calls: readonly SimulatedCall[], policy: Policy, claims: readonly number[] = []) {
  const journal = createJournalWriter();
  journal.claim();
  journal.facts(journal.policy(policy, 0));
  const steps = [
    ...claims.map((at) => ({ at, run: () => journal.claim(at, `successor at ${at}`) })),
    ...calls.flatMap(({ startedAt, endedAt, end, arrivesBy }, index) => {
      const name = `call${index}`;
      const latestIn = end === 'unsettled' ? arrivesBy - startedAt : worstMs + 1;
      const start = { at: startedAt, run: () => journal.start(name, startedAt, { latestIn }) };
      if (endedAt === undefined) return [start];
      const settle = () =>
        end === 'returned'
          ? journal.returned(name, endedAt)
          : journal.settle(name, endedAt, arrivesBy, {
              result: end === 'answered' ? 'answered' : 'unanswered',
            });
      return [start, { at: endedAt, run: settle }];
    }),
  ];
  for (const { run } of steps.toSorted((a, b) => a.at - b.at)) run();
  return journal;
}

const anyCalls = fc.array(anyCall, { minLength: 1, maxLength: 30 });

describe('the auditor', () => {
  it('certifies every journal of calls within the policy', () => {
    const claims = fc.array(fc.integer({ min: 0, max: 500_000 }), { maxLength: 4 });
    fc.assert(
      fc.property(anyCalls, anyPolicy, claims, (planned, policy, takeovers) => {
        const result = journalOf(validCalls(planned, policy).calls, policy, takeovers).audit();
        expect(kindsOf(result)).toEqual([]);
        expect(result.certified).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('rejects a journal in which a call that had to wait starts a millisecond early', () => {
    fc.assert(
      fc.property(anyCalls, anyPolicy, fc.nat(), (planned, policy, choice) => {
        const { calls, waited } = validCalls(planned, policy);
        fc.pre(waited.length > 0);
        const chosen = waited[choice % waited.length];
        const moved = calls.map((each, index) =>
          index === chosen ? { ...each, startedAt: each.startedAt - 1 } : each,
        );
        const result = journalOf(moved, policy).audit();
        expect(result.certified).toBe(false);
        expect(kindsOf(result)).toEqual(['over_limit']);
      }),
      { numRuns: 300 },
    );
  });

  it('finds the same fullest window as trying every interval', () => {
    const atAnyTime = fc.array(fc.tuple(fc.integer({ min: 0, max: 300_000 }), anyCall), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(atAnyTime, anyPolicy, (planned, policy) => {
        const calls = planned.map(([at, each]) => callAt(at, each));
        const sent = calls.filter(({ end }) => end !== 'returned');
        // A window that starts at `from` can contain every call whose interval overlaps it.
        const within = (from: number) =>
          sent.filter(({ startedAt, arrivesBy }) => startedAt < from + policy.windowMs && arrivesBy >= from)
            .length;
        const most = Math.max(0, ...sent.map(({ arrivesBy }) => within(arrivesBy)));
        const result = journalOf(calls, policy).audit();
        expect(budgetOf(result).fullest?.calls ?? 0).toBe(most);
        expect(result.certified).toBe(most <= policy.limit);
      }),
      { numRuns: 300 },
    );
  });
});

describe('matching', () => {
  it('matches every arrival within its interval', () => {
    fc.assert(
      fc.property(
        anyCalls,
        anyPolicy,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 30, maxLength: 30 }),
        (planned, policy, shares) => {
          const { calls } = validCalls(planned, policy);
          const journal = journalOf(calls, policy);
          const arrivals = calls.flatMap(({ end, startedAt, arrivesBy }, index) => {
            if (end === 'returned') return [];
            return [journal.arrival(Math.round(startedAt + (shares[index] ?? 0) * (arrivesBy - startedAt)))];
          });
          const result = journal.audit(arrivals);
          expect(kindsOf(result)).toEqual([]);
          expect(budgetOf(result).arrivals?.arrived).toBe(arrivals.length);
        },
      ),
      { numRuns: 200 },
    );
  });
});
