import { laneNames } from '@paceline/shared/definition';
import type { Policy, Outcome } from '@paceline/shared/contracts';
import type { Behavior } from './upstream.ts';
import { deaths } from './owner.ts';
import { callTimeout, type History, type Incident, type JournalFault } from './world.ts';
import { settings } from '@paceline/limiter/core/testing';
import fc from 'fast-check';

const { sendWithin, guard } = settings;
const second = 1_000;
const hour = 3_600 * second;

export const policies: fc.Arbitrary<Policy> = fc.record({
  limit: fc.integer({ min: 1, max: 5 }),
  windowMs: fc.integer({ min: 2 * second, max: 60 * second }),
});

const mostly = <Value>(value: Value) => ({ arbitrary: fc.constant(value), weight: 4 });

/** A caller whose call arrives within its timeout and the guard, as the limiter assumes. */
const plans = (behaviors: readonly Behavior[]) =>
  fc.record({
    lane: fc.constantFrom(...laneNames),
    deadlineIn: fc.oneof(mostly(undefined), fc.integer({ min: 0, max: 300 * second })),
    givesUpAfter: fc.oneof(mostly(hour), fc.integer({ min: 0, max: 60 * second })),
    sendsAfter: fc.oneof(mostly(0), fc.integer({ min: 0, max: sendWithin + second })),
    arrivesIn: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: callTimeout + guard })),
    answersIn: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 7 * second })),
    behavior: fc.constantFrom(...behaviors),
  });

/** Most callers survive; some die or freeze at one of the steps of a call. */
const fault = fc.record({
  dies: fc.option(
    fc.record({ at: fc.integer({ min: 1, max: 8 }), when: fc.constantFrom('before', 'after') }),
    { nil: undefined, freq: 4 },
  ),
  freezes: fc.option(
    fc.record({ at: fc.integer({ min: 1, max: 8 }), forMs: fc.integer({ min: 0, max: 60 * second }) }),
    { nil: undefined, freq: 4 },
  ),
});

const callers = (behaviors: readonly Behavior[]) =>
  fc.array(fc.record({ after: fc.integer({ min: 0, max: 8 * second }), plan: plans(behaviors), fault }), {
    minLength: 1,
    maxLength: 25,
    size: 'max',
  });

const after = fc.integer({ min: 0, max: 30 * second });
/** How many entries a fault of the journal affects: from none to all. */
const entries = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 100 }));

/** Limiters die at every step, freeze, and are replaced while they run. */
const limiterIncidents: fc.Arbitrary<Incident> = fc.oneof(
  fc.record({
    after,
    kind: fc.constant('limiter dies' as const),
    death: fc.constantFrom(...deaths),
    downFor: fc.integer({ min: 0, max: 5 * second }),
  }),
  fc.record({
    after,
    kind: fc.constant('limiter freezes' as const),
    forMs: fc.integer({ min: 0, max: 20 * second }),
  }),
  fc.record({
    after,
    kind: fc.constantFrom('limiter is replaced' as const, 'acknowledgement is lost' as const),
  }),
);

/** The broker's clock is set by small and large steps. */
const clockIncidents: fc.Arbitrary<Incident> = fc.record({
  after,
  kind: fc.constant('broker clock is set' as const),
  offset: fc.constantFrom(0, 900, 1_800, 2_700, hour, -hour),
});

const policyIncidents: fc.Arbitrary<Incident> = fc.oneof(
  fc.record({ after, kind: fc.constant('upstream changes policy' as const), policy: policies }),
  fc.record({
    after,
    kind: fc.constant('operator' as const),
    operation: fc.oneof(
      fc.record({ do: fc.constant('pause' as const), forMs: fc.integer({ min: 0, max: 40 * second }) }),
      fc.record({ do: fc.constantFrom('resume' as const, 'release' as const, 'forget_policy' as const) }),
      fc.record({ do: fc.constant('set_policy' as const), policy: policies }),
    ),
  }),
);

/** How a broker breaks its word, each with what makes it matter. */
const journalFaults: {
  readonly [Kind in JournalFault['kind']]: fc.Arbitrary<Omit<JournalFault & { kind: Kind }, 'kind'>>;
} = {
  'power cut': fc.record({ entries, downFor: fc.integer({ min: 0, max: 5 * second }) }),
  'journal is rewound': fc.record({ entries, takeover: fc.boolean() }),
  'journal loses its middle': fc.record({ entries, from: fc.nat({ max: 20 }) }),
  'journal forks': fc.record({ entries, healsAfter: fc.integer({ min: 0, max: 40 * second }) }),
  'reads are stale': fc.record({ entries }),
  'appends get no answer': fc.record({ entries, forMs: fc.integer({ min: 0, max: 20 * second }) }),
};
export const journalFaultKinds = Object.keys(journalFaults) as JournalFault['kind'][];

const faultOf = (kind: JournalFault['kind']): fc.Arbitrary<Incident> =>
  fc.tuple(after, journalFaults[kind]).map(([ms, fault]) => ({ ...fault, kind, after: ms }) as Incident);

const network = fc.record({
  seed: fc.integer({ min: 0, max: 1_000_000 }),
  jitterMs: fc.constantFrom(0, 60, 500),
  delayed: fc.constantFrom(0, 0.05, 0.2),
  latestMs: fc.constantFrom(2 * second, 30 * second),
});

const historyOf = (
  behaviors: readonly Behavior[],
  ...incidents: fc.Arbitrary<Incident>[]
): fc.Arbitrary<History> =>
  fc.record({
    policy: policies,
    reserve: fc.integer({ min: 0, max: 2 }),
    callers: callers(behaviors),
    incidents: fc.array(fc.oneof(...incidents), { maxLength: 8, size: 'max' }),
    network,
  });

/** Any history with a fixed policy and no other program on the key. */
export const fixedPolicyHistory = historyOf(['accepts'], limiterIncidents, clockIncidents);

/** Any history with policy changes, operators, and other programs on the key. */
export const anyHistory = historyOf(
  ['accepts', 'accepts', 'accepts', 'rejects', 'rejects with Retry-After'],
  limiterIncidents,
  policyIncidents,
);

/** Any history with a fixed policy in which the broker breaks its word in these ways. */
export const historyWith = (...faults: readonly JournalFault['kind'][]): fc.Arbitrary<History> =>
  historyOf(
    ['accepts', 'accepts', 'rejects', 'rejects with Retry-After'],
    ...faults.map(faultOf),
    limiterIncidents,
  );

/** A history of `count` fast callers at the same time, without incidents. */
export const burst = (policy: Policy, count: number): History => ({
  policy,
  reserve: 0,
  callers: Array.from({ length: count }, () => ({
    after: 0,
    plan: {
      lane: 'rider_sync',
      deadlineIn: undefined,
      givesUpAfter: hour,
      sendsAfter: 0,
      arrivesIn: 0,
      answersIn: 0,
      behavior: 'accepts',
    },
    fault: { dies: undefined, freezes: undefined },
  })),
  incidents: [],
  network: { seed: 1, jitterMs: 0, delayed: 0, latestMs: 0 },
});

const minute = 60 * second;

/** A new request: for how long its client has waited already, and for how long it still can. */
export const arrival = fc.record({
  lane: fc.constantFrom(...laneNames),
  waited: fc.integer({ min: 0, max: 90 * minute }),
  deadlineIn: fc.option(fc.integer({ min: 0, max: 5 * minute }), { nil: undefined }),
  inSlot: fc.boolean(),
});
export type RequestArrival = typeof arrival extends fc.Arbitrary<infer Value> ? Value : never;

const outcomes: readonly Outcome[] = [
  { result: 'answered', status: 200 },
  { result: 'answered', status: 429, retryAfterMs: 20 * second },
  { result: 'unanswered' },
  { result: 'not_sent' },
];

/** Picks one of the existing requests or permits. */
const index = fc.nat({ max: 30 });

/** One turn of a limiter, weighted towards steps that make progress. */
export const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('arrive' as const),
      arrivals: fc.array(arrival, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('repeat' as const), indexes: fc.array(index, { maxLength: 6 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('start' as const), index }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      index,
      outcome: fc.constantFrom(...outcomes),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 20 * second }) }),
  },
  fc.record({ do: fc.constant('cancel' as const), index }),
  fc.record({ do: fc.constant('pause' as const), forMs: fc.integer({ min: 0, max: 30 * second }) }),
  fc.record({
    do: fc.constant('set_policy' as const),
    policy: fc.record({
      limit: fc.integer({ min: 1, max: 5 }),
      windowMs: fc.integer({ min: second, max: 2 * minute }),
    }),
  }),
);
export type HistoryStep = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

export const steps = fc.array(step, { maxLength: 40, size: 'max' });
