import { laneNames } from '@paceline/shared/definition';
import { type Outcome } from '@paceline/shared/contracts';
import fc from 'fast-check';

const second = 1_000;
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
