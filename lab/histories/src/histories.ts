import { laneNames } from '@paceline/shared/definition';
import type { Policy, Outcome } from '@paceline/shared/contracts';
import type { Mood } from './upstream.ts';
import { deaths } from './owner.ts';
import { type Blow, type History, settingsOf } from './world.ts';
import fc from 'fast-check';

const { sendWithin, guard, callTimeout } = settingsOf({
  policy: { limit: 1, windowMs: 1 },
  reserve: 0,
});
const second = 1_000;
const hour = 3_600 * second;

export const policies: fc.Arbitrary<Policy> = fc.record({
  limit: fc.integer({ min: 1, max: 5 }),
  windowMs: fc.integer({ min: 2 * second, max: 60 * second }),
});

const often = <Value>(value: Value) => ({ arbitrary: fc.constant(value), weight: 4 });

/** How a caller's call goes; it arrives within its time-out and the guard, as is assumed of every call. */
const wanted = (moods: readonly Mood[]) =>
  fc.record({
    lane: fc.constantFrom(...laneNames),
    deadlineIn: fc.oneof(often(undefined), fc.integer({ min: 0, max: 300 * second })),
    givesUpAfter: fc.oneof(often(hour), fc.integer({ min: 0, max: 60 * second })),
    thinks: fc.oneof(often(0), fc.integer({ min: 0, max: sendWithin + second })),
    arrivesIn: fc.oneof(
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: 0, max: callTimeout.riders_single + guard }),
    ),
    answersIn: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 7 * second })),
    mood: fc.constantFrom(...moods),
  });

/** Most live; some die or freeze at one of the steps that a call takes. */
const fate = fc.record({
  dies: fc.option(
    fc.record({ at: fc.integer({ min: 1, max: 7 }), when: fc.constantFrom('before', 'after') }),
    { nil: undefined, freq: 4 },
  ),
  freezes: fc.option(
    fc.record({ at: fc.integer({ min: 1, max: 7 }), forMs: fc.integer({ min: 0, max: 60 * second }) }),
    { nil: undefined, freq: 4 },
  ),
});

const callers = (moods: readonly Mood[]) =>
  fc.array(fc.record({ after: fc.integer({ min: 0, max: 8 * second }), wanted: wanted(moods), fate }), {
    minLength: 1,
    maxLength: 25,
    size: 'max',
  });

const after = fc.integer({ min: 0, max: 30 * second });

/** What befalls limiters: they die at every step, freeze, and are replaced while they live. */
const ofLimiters: fc.Arbitrary<Blow> = fc.oneof(
  fc.record({
    after,
    does: fc.constant('dies' as const),
    death: fc.constantFrom(...deaths),
    downFor: fc.integer({ min: 0, max: 5 * second }),
  }),
  fc.record({
    after,
    does: fc.constant('freezes' as const),
    forMs: fc.integer({ min: 0, max: 20 * second }),
  }),
  fc.record({ after, does: fc.constantFrom('is replaced' as const, 'loses an acknowledgement' as const) }),
);

/** A broker's clock that is set, by little or by far. */
const ofClock: fc.Arbitrary<Blow> = fc.record({
  after,
  does: fc.constant('broker clock' as const),
  offset: fc.constantFrom(0, 900, 1_800, 2_700, hour, -hour),
});

const ofPolicy: fc.Arbitrary<Blow> = fc.oneof(
  fc.record({ after, does: fc.constant('upstream changes' as const), policy: policies }),
  fc.record({
    after,
    does: fc.constant('operator' as const),
    operation: fc.oneof(
      fc.record({ do: fc.constant('pause' as const), forMs: fc.integer({ min: 0, max: 40 * second }) }),
      fc.record({ do: fc.constantFrom('resume' as const, 'release' as const, 'forget_policy' as const) }),
      fc.record({ do: fc.constant('set_policy' as const), policy: policies }),
    ),
  }),
);

const network = fc.record({
  seed: fc.integer({ min: 0, max: 1_000_000 }),
  jitterMs: fc.constantFrom(0, 60, 500),
  strays: fc.constantFrom(0, 0.05, 0.2),
  latestMs: fc.constantFrom(2 * second, 30 * second),
});

const historyOf = (moods: readonly Mood[], ...blows: fc.Arbitrary<Blow>[]): fc.Arbitrary<History> =>
  fc.record({
    policy: policies,
    reserve: fc.integer({ min: 0, max: 2 }),
    callers: callers(moods),
    blows: fc.array(fc.oneof(...blows), { maxLength: 8, size: 'max' }),
    network,
  });

/** Everything that can happen while one policy holds and nobody else uses the key. */
export const undisturbed = historyOf(['lets in'], ofLimiters, ofClock);

/** And policies that change, operators, and others who use the key. */
export const anyHistory = historyOf(
  ['lets in', 'lets in', 'lets in', 'rejects', 'rejects, and names the moment'],
  ofLimiters,
  ofPolicy,
);

/** As many quick callers as said, all at once, and nothing that disturbs them. */
export const quiet = (policy: Policy, count: number): History => ({
  policy,
  reserve: 0,
  callers: Array.from({ length: count }, () => ({
    after: 0,
    wanted: {
      lane: 'rider_sync',
      deadlineIn: undefined,
      givesUpAfter: hour,
      thinks: 0,
      arrivesIn: 0,
      answersIn: 0,
      mood: 'lets in',
    },
    fate: { dies: undefined, freezes: undefined },
  })),
  blows: [],
  network: { seed: 1, jitterMs: 0, strays: 0, latestMs: 0 },
});

const minute = 60 * second;

/** Somebody who comes: for how long it has been waiting already, and for how long it still can. */
export const comer = fc.record({
  lane: fc.constantFrom(...laneNames),
  waited: fc.integer({ min: 0, max: 90 * minute }),
  deadlineIn: fc.option(fc.integer({ min: 0, max: 5 * minute }), { nil: undefined }),
  inSlot: fc.boolean(),
});
export type Comer = typeof comer extends fc.Arbitrary<infer Value> ? Value : never;

const outcomes: readonly Outcome[] = [
  { result: 'answered', status: 200 },
  { result: 'answered', status: 429, retryAfterMs: 20 * second },
  { result: 'unanswered' },
  { result: 'not_sent' },
];

/** One of those who are there. */
const who = fc.nat({ max: 30 });

/** What may happen in one turn of a limiter; often what lets it go on. */
export const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('come' as const),
      comers: fc.array(comer, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('ask again' as const), whos: fc.array(who, { maxLength: 6 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('start' as const), who }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      who,
      outcome: fc.constantFrom(...outcomes),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 20 * second }) }),
  },
  fc.record({ do: fc.constant('cancel' as const), who }),
  fc.record({ do: fc.constant('pause' as const), forMs: fc.integer({ min: 0, max: 30 * second }) }),
  fc.record({
    do: fc.constant('set_policy' as const),
    policy: fc.record({
      limit: fc.integer({ min: 1, max: 5 }),
      windowMs: fc.integer({ min: second, max: 2 * minute }),
    }),
  }),
);
export type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

export const steps = fc.array(step, { maxLength: 40, size: 'max' });
