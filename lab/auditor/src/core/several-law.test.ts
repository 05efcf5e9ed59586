import type { BudgetRecord } from '@paceline/shared/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BudgetRules, Rules } from './rules.ts';
import { exampleJournal } from './testing-example.ts';
import { kindsOf } from './testing.ts';

/** Upstream's clock may differ from the ledger's by this much, ms. */
const epsilon = 1_000;
const longestCall = 20_000;

/** Windows of these lengths start together with the journal. */
const anyBudget = fc.record({
  limit: fc.integer({ min: 1, max: 4 }),
  windowMs: fc.constantFrom(30_000, 60_000, 120_000, 300_000, 900_000),
  resets: fc.constantFrom('sliding' as const, 'aligned' as const),
});
type AnyBudget = typeof anyBudget extends fc.Arbitrary<infer T> ? T : never;

/** Up to four budgets, and for each endpoint those in which its calls count. */
const anyUpstream = fc.array(anyBudget, { minLength: 1, maxLength: 4 }).chain((budgets) =>
  fc.record({
    budgets: fc.constant(budgets),
    endpoints: fc.array(fc.subarray([...budgets.keys()], { minLength: 1 }), { minLength: 1, maxLength: 3 }),
  }),
);

const anyCall = fc.record({
  endpoint: fc.nat(),
  idle: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 200_000 })),
  takes: fc.integer({ min: 1, max: longestCall }),
  end: fc.constantFrom('answered' as const, 'answered' as const, 'unsettled' as const, 'returned' as const),
});
const anyCalls = fc.array(anyCall, { minLength: 1, maxLength: 25 });

interface Call {
  readonly endpoint: number;
  readonly startedAt: number;
  readonly endsAt: number;
  readonly end: 'answered' | 'unsettled' | 'returned';
}
const counts = ({ end }: Call) => end !== 'returned';

/** Whether upstream may count a call, seen by its latest arrival, together with one that starts at `at`. */
function countsWith({ windowMs, resets }: AnyBudget, arrivesBy: number, at: number): boolean {
  if (resets === 'sliding') return at - arrivesBy < windowMs;
  // By upstream's clock: the earliest span in which the new call can arrive, and the latest of the earlier one.
  const span = (time: number) => Math.floor(time / windowMs);
  return arrivesBy + epsilon > span(at - epsilon) * windowMs;
}

type AnyUpstream = typeof anyUpstream extends fc.Arbitrary<infer T> ? T : never;
const budgetsOf = ({ budgets, endpoints }: AnyUpstream, endpoint: number) =>
  endpoints[endpoint]?.flatMap((index) => budgets[index] ?? []) ?? [];

const canStart = (upstream: AnyUpstream, earlier: readonly Call[], endpoint: number, at: number): boolean =>
  (upstream.endpoints[endpoint] ?? []).every((index) => {
    const budget = upstream.budgets[index] as AnyBudget;
    const others = earlier.filter(
      (each) =>
        counts(each) &&
        upstream.endpoints[each.endpoint]?.includes(index) &&
        countsWith(budget, each.endsAt, at),
    );
    return others.length < budget.limit;
  });

/** Each call at its earliest possible start plus `idle`; `waited`: those that had to wait for it. */
function validCalls(
  upstream: AnyUpstream,
  planned: ReadonlyArray<typeof anyCall extends fc.Arbitrary<infer T> ? T : never>,
) {
  const calls: Call[] = [];
  const waited: number[] = [];
  for (const { endpoint: any, idle, takes, end } of planned) {
    const endpoint = any % upstream.endpoints.length;
    const before = calls.at(-1)?.startedAt ?? 0;
    const leaving = calls.flatMap(({ endsAt }) =>
      budgetsOf(upstream, endpoint).map(({ windowMs, resets }) =>
        resets === 'sliding'
          ? endsAt + windowMs
          : Math.ceil((endsAt + epsilon) / windowMs) * windowMs + epsilon,
      ),
    );
    const soonest =
      [before, ...leaving.filter((at) => at > before)]
        .toSorted((a, b) => a - b)
        .find((at) => canStart(upstream, calls, endpoint, at)) ?? before;
    if (idle === 0 && soonest > before && end !== 'returned') waited.push(calls.length);
    const startedAt = soonest + idle;
    calls.push({ endpoint, startedAt, end, endsAt: startedAt + (end === 'unsettled' ? longestCall : takes) });
  }
  return { calls, waited };
}

const rulesFor = ({ budgets, endpoints }: AnyUpstream): Rules => ({
  upstreams: {
    example: {
      budgets: Object.fromEntries(
        budgets.map(({ limit, windowMs, resets }, index): [string, BudgetRules] => [
          `budget${index}`,
          { documented: { limit, windowMs }, resets, paced: false, reserve: 0 },
        ]),
      ),
      endpoints: Object.fromEntries(
        endpoints.map((each, index) => [
          `endpoint${index}`,
          { budgets: each.map((budget) => `budget${budget}`), callTimeout: longestCall },
        ]),
      ),
      forcedLanes: new Set(),
    },
  },
  estimateTolerance: 1_500,
  startWithin: 2_000,
});

/** The journal that a limiter would write for the calls. */
function journalOf(upstream: AnyUpstream, calls: readonly Call[]) {
  const journal = exampleJournal('endpoint0', rulesFor(upstream));
  const steps = calls.flatMap(({ endpoint, startedAt, endsAt, end }, index) => {
    const name = `call${index}`;
    const start = () =>
      journal.start(name, startedAt, { latestIn: longestCall, endpoint: `endpoint${endpoint}` });
    const settle = () => (end === 'returned' ? journal.returned(name, endsAt) : journal.settle(name, endsAt));
    return [{ at: startedAt, run: start }, ...(end === 'unsettled' ? [] : [{ at: endsAt, run: settle }])];
  });
  for (const { run } of steps.toSorted((a, b) => a.at - b.at)) run();
  return journal;
}

/** The snapshot that a limiter would write at `at`, with the calls that still count in each budget. */
function snapshotOf(
  upstream: AnyUpstream,
  calls: readonly Call[],
  at: number,
  interval: (name: string, startedAt: number, arrivesBy: number) => BudgetRecord['intervals'][number],
) {
  return upstream.budgets.map((budget, index) => ({
    endpoint: `budget${index}`,
    intervals: calls.flatMap((call, nth) => {
      const isIn = counts(call) && upstream.endpoints[call.endpoint]?.includes(index);
      return isIn && countsWith(budget, call.endsAt, at)
        ? [interval(`call${nth}`, call.startedAt, call.endsAt)]
        : [];
    }),
  }));
}

describe('the auditor of several windows', () => {
  it('certifies every journal of calls within all of their windows', () => {
    fc.assert(
      fc.property(anyUpstream, anyCalls, (upstream, planned) => {
        const { calls } = validCalls(upstream, planned);
        const journal = journalOf(upstream, calls);
        const at = Math.max(...calls.map(({ endsAt }) => endsAt));
        journal.snapshot(at, snapshotOf(upstream, calls, at, journal.interval));
        expect(kindsOf(journal.audit())).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('rejects a journal in which a call that had to wait for any of its windows starts a millisecond early', () => {
    fc.assert(
      fc.property(anyUpstream, anyCalls, fc.nat(), (upstream, planned, choice) => {
        const { calls, waited } = validCalls(upstream, planned);
        fc.pre(waited.length > 0);
        const chosen = waited[choice % waited.length];
        const moved = calls.map((each, index) =>
          index === chosen ? { ...each, startedAt: each.startedAt - 1 } : each,
        );
        const result = journalOf(upstream, moved).audit();
        expect(result.certified).toBe(false);
        expect(kindsOf(result)).toContain('over_limit');
      }),
      { numRuns: 300 },
    );
  });

  it('rejects a snapshot that has lost a call from one of its budgets', () => {
    fc.assert(
      fc.property(anyUpstream, anyCalls, fc.nat(), (upstream, planned, choice) => {
        const { calls } = validCalls(upstream, planned);
        const journal = journalOf(upstream, calls);
        const at = Math.max(...calls.map(({ endsAt }) => endsAt));
        const records = snapshotOf(upstream, calls, at, journal.interval);
        const full = records.filter(({ intervals }) => intervals.length > 0);
        fc.pre(full.length > 0);
        const chosen = full[choice % full.length];
        journal.snapshot(
          at,
          records.map((each) => (each === chosen ? { ...each, intervals: each.intervals.slice(1) } : each)),
        );
        expect(journal.audit().certified).toBe(false);
        expect(kindsOf(journal.audit())).toContain('snapshot_mismatch');
      }),
      { numRuns: 200 },
    );
  });

  it('finds the same fullest aligned window as trying every span', () => {
    const atAnyTime = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 900_000 }), fc.integer({ min: 1, max: longestCall })),
      {
        minLength: 1,
        maxLength: 25,
      },
    );
    fc.assert(
      fc.property(anyBudget, atAnyTime, (budget, planned) => {
        const aligned = { ...budget, resets: 'aligned' as const };
        const calls = planned.map(([startedAt, takes]): Call => ({
          endpoint: 0,
          startedAt,
          endsAt: startedAt + takes,
          end: 'answered',
        }));
        const spans = Array.from({ length: 40 }, (_, k) => k * aligned.windowMs);
        const within = (from: number) =>
          calls.filter(
            ({ startedAt, endsAt }) =>
              startedAt - epsilon < from + aligned.windowMs && endsAt + epsilon > from,
          ).length;
        const most = Math.max(...spans.map(within));
        const result = journalOf({ budgets: [aligned], endpoints: [[0]] }, calls).audit();
        const fullest = result.partitions[0]?.accounts[0]?.budgets[0]?.fullest;
        expect(fullest?.calls).toBe(most);
        expect(result.certified).toBe(most <= aligned.limit);
      }),
      { numRuns: 300 },
    );
  });
});
