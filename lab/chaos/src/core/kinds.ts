import type { Dice } from '@paceline/kit/dice';
import { type Budget, limitsOf } from '@paceline/shared/definition';
import type { Crew, Fault, FaultKind } from './fault.ts';

/** What a seed decides about a fault of one kind; how long it lasts in real ms. */
type Draw = (
  dice: Dice,
  crew: Crew,
) => Pick<Fault, 'lasts'> & Partial<Pick<Fault, 'targets' | 'amount' | 'budget' | 'policy'>>;

const targets = ['broker', 'database', 'upstream'] as const;
const steerable: readonly Budget[] = ['riders_single', 'signups', 'events', 'riders_bulk'];

/** Some links of a few services; the scheduler and the limiter have one to the broker only. */
function links(dice: Dice, { services }: Crew): string[] {
  const target = dice.pick(targets);
  const callers = services.filter((name) => target === 'broker' || !/^(limiter|scheduler)/.test(name));
  const upstream = callers.filter((name) => target !== 'upstream' || !name.startsWith('api'));
  return dice.some(upstream, dice.whole(1, 3)).map((name) => `${name}>${target}`);
}

function changedPolicy(dice: Dice, limitTimes: number, windowTimes: number) {
  const budget = dice.pick(steerable);
  const { limit, windowMs } = limitsOf('standard')[budget];
  return {
    budget,
    policy: { limit: Math.max(1, Math.floor(limit * limitTimes)), windowMs: windowMs * windowTimes },
  };
}

export const draws: Record<FaultKind, Draw> = {
  kill: (dice, { services }) => ({ lasts: 0, targets: dice.some(services, 1) }),
  'kill-several': (dice, { services }) => ({ lasts: 0, targets: dice.some(services, dice.whole(2, 4)) }),
  freeze: (dice, { services }) => ({
    lasts: dice.whole(500, 7_000),
    targets: dice.some(services, dice.whole(1, 2)),
  }),
  'rolling-restart': (dice, { services }) => ({
    lasts: 2_500 * services.length,
    targets: dice.shuffled(services),
  }),
  'broker-restart': (dice, { brokers }) => ({ lasts: dice.whole(0, 1_500), targets: brokers }),
  'broker-node-away': (dice, { brokers }) => ({
    lasts: dice.whole(1_000, 6_000),
    targets: dice.some(brokers, 1),
  }),
  'broker-quorum-lost': (dice, { brokers }) => ({
    lasts: dice.whole(1_000, 5_000),
    targets: dice.some(brokers, 2),
  }),
  'journal-disk-full': (dice, { brokers }) => ({
    lasts: dice.whole(1_000, 4_000),
    targets: dice.some(brokers, 1),
  }),
  'database-restart': () => ({ lasts: 0, targets: ['postgres'] }),
  'database-away': (dice) => ({ lasts: dice.whole(500, 5_000), targets: ['postgres'] }),
  'network-slow': (dice, crew) => ({
    lasts: dice.whole(2_000, 6_000),
    targets: links(dice, crew),
    amount: dice.whole(20, 400),
  }),
  'network-stalled': (dice, crew) => ({ lasts: dice.whole(1_000, 6_000), targets: links(dice, crew) }),
  'network-half-open': (dice, crew) => ({ lasts: dice.whole(1_000, 6_000), targets: links(dice, crew) }),
  'network-cut': (dice, crew) => ({ lasts: dice.whole(0, 4_000), targets: links(dice, crew) }),
  'upstream-errors': (dice) => ({ lasts: dice.whole(1_000, 5_000), amount: dice.whole(3, 30) }),
  'upstream-hangs': (dice) => ({ lasts: dice.whole(1_000, 5_000), amount: dice.whole(1, 8) }),
  'upstream-resets': (dice) => ({ lasts: dice.whole(1_000, 5_000), amount: dice.whole(3, 30) }),
  'upstream-garbage': (dice) => ({ lasts: dice.whole(1_000, 5_000), amount: dice.whole(3, 20) }),
  'upstream-restart': (dice) => ({ lasts: dice.whole(0, 3_000), targets: ['sandbox'] }),
  'policy-stricter': (dice) => ({ lasts: dice.whole(2_000, 6_000), ...changedPolicy(dice, 0.5, 2) }),
  'policy-looser': (dice) => ({ lasts: dice.whole(2_000, 6_000), ...changedPolicy(dice, 2, 1) }),
  'foreign-caller': (dice) => ({ lasts: 0, amount: dice.whole(1, 5), budget: 'riders_single' }),
  'clock-jump': (dice, { services }) => ({
    lasts: dice.whole(2_000, 6_000),
    targets: dice.some(services, dice.whole(1, 2)),
    amount: dice.pick([-10, 10]),
  }),
  'messages-doubled': (dice) => ({ lasts: 0, amount: dice.whole(5, 60) }),
  'messages-reordered': (dice) => ({ lasts: dice.whole(1_000, 3_000), amount: dice.whole(5, 60) }),
};

/** How many brokers it takes for this kind to be what it says. */
const brokersNeeded: Partial<Record<FaultKind, number>> = { 'broker-node-away': 3, 'broker-quorum-lost': 3 };

export const isPossible = (kind: FaultKind, { brokers }: Crew): boolean =>
  brokers.length >= (brokersNeeded[kind] ?? 1);
