import type { Dice } from '@paceline/kit/dice';
import { type Policy, services } from '@paceline/shared/contracts';
import { type BudgetName, budgetNames, type Limit } from '@paceline/shared/definition';

/** What faults can target. */
export interface Crew {
  readonly services: readonly string[];
  readonly brokers: readonly string[];
  /** The limits that upstream documents. */
  readonly limits: Readonly<Record<BudgetName, Limit>>;
}

/** Times in real ms. */
interface FaultSpec {
  /** Duration until it is healed; 0: heals by itself. */
  readonly lasts: number;
  /** Affected processes, servers or links (`rider-sync>broker`); empty for upstream and messages. */
  readonly targets: readonly string[];
  /** Delay in ms, number of calls, messages or bytes, or clock jump in project minutes. */
  readonly amount: number;
  /** For a changed policy or a foreign caller. */
  readonly budget?: BudgetName;
  readonly policy?: Policy;
}

/** `at`: real ms after the start of the load. */
export interface Fault extends FaultSpec {
  readonly kind: FaultKind;
  readonly at: number;
}

/** Draws a fault of one kind; default without duration and targets. */
type Draw = (dice: Dice, crew: Crew) => Partial<FaultSpec>;

/** Longer windows, whose change would outlast the run, are left alone. */
const longestChanged = 15 * 60_000;

/** Links of a few services; the scheduler and the limiter are linked only to the broker. */
function links(dice: Dice, { services }: Crew): string[] {
  const target = dice.pick(['broker', 'database', 'upstream']);
  const callers = services.filter((name) => target === 'broker' || !/^(limiter|scheduler)/.test(name));
  const upstream = callers.filter((name) => target !== 'upstream' || !name.startsWith('api'));
  return dice.some(upstream, dice.whole(1, 3)).map((name) => `${name}>${target}`);
}

/** A policy scaled by factors for limit and window. */
const changedPolicy =
  (limitTimes: number, windowTimes: number) =>
  (dice: Dice, { limits }: Crew) => {
    const budget = dice.pick(budgetNames.filter((name) => limits[name].windowMs <= longestChanged));
    const { limit, windowMs } = limits[budget];
    return {
      budget,
      policy: { limit: Math.max(1, Math.floor(limit * limitTimes)), windowMs: windowMs * windowTimes },
    };
  };

const lasting =
  (minMs: number, maxMs: number, more: Draw): Draw =>
  (dice, crew) => ({ lasts: dice.whole(minMs, maxMs), ...more(dice, crew) });

const amount = (min: number, max: number) => (dice: Dice) => ({ amount: dice.whole(min, max) });

/** The longest time in which nothing that brokers wrote reaches their disks, and then some without them. */
function unsynced(dice: Dice): Pick<FaultSpec, 'amount' | 'lasts'> {
  const amount = dice.whole(1_000, 8_000);
  return { amount, lasts: dice.whole(500, 2_500) };
}

/** All kinds of fault, in the order of the report. */
export const draws = {
  kill: (dice, { services }) => ({ targets: dice.some(services, 1) }),
  'kill-several': (dice, { services }) => ({ targets: dice.some(services, dice.whole(2, 4)) }),
  freeze: lasting(500, 7_000, (dice, { services }) => ({ targets: dice.some(services, dice.whole(1, 2)) })),
  'rolling-restart': (dice, { services }) => ({
    lasts: 2_500 * services.length,
    targets: dice.shuffled(services),
  }),
  'broker-restart': lasting(0, 1_500, (_, { brokers }) => ({ targets: brokers })),
  'broker-node-away': lasting(1_000, 6_000, (dice, { brokers }) => ({ targets: dice.some(brokers, 1) })),
  'broker-quorum-lost': lasting(1_000, 5_000, (dice, { brokers }) => ({ targets: dice.some(brokers, 2) })),
  'journal-disk-full': lasting(1_000, 4_000, (dice, { brokers }) => ({ targets: dice.some(brokers, 1) })),
  'power-cut': (dice, { services, brokers }) => ({
    ...unsynced(dice),
    targets: [...services, ...brokers, ...dice.pick([[], ['postgres']])],
  }),
  'journal-rewound': (dice, { brokers }) => ({
    ...unsynced(dice),
    targets: dice.some(brokers, dice.pick([brokers.length, dice.whole(1, brokers.length)])),
  }),
  'journal-truncated': (dice, { services, brokers }) =>
    dice.chance(0.5)
      ? { targets: services.filter((name) => name.startsWith('limiter')), amount: dice.whole(1, 5) }
      : { targets: dice.some(brokers, dice.whole(1, brokers.length)), amount: dice.whole(40, 4_000) },
  'journal-bit-flipped': (dice, { brokers }) => ({
    targets: dice.some(brokers, dice.whole(1, brokers.length)),
    amount: dice.whole(40, 8_000),
  }),
  'node-replaced': lasting(0, 2_000, (dice, { brokers }) => ({ targets: dice.some(brokers, 1) })),
  'database-restart': () => ({ targets: ['postgres'] }),
  'database-away': lasting(500, 5_000, () => ({ targets: ['postgres'] })),
  'network-slow': lasting(2_000, 6_000, (dice, crew) => ({
    targets: links(dice, crew),
    amount: dice.whole(20, 400),
  })),
  'network-stalled': lasting(1_000, 6_000, (dice, crew) => ({ targets: links(dice, crew) })),
  'network-half-open': lasting(1_000, 6_000, (dice, crew) => ({ targets: links(dice, crew) })),
  'network-cut': lasting(0, 4_000, (dice, crew) => ({ targets: links(dice, crew) })),
  'upstream-errors': lasting(1_000, 5_000, amount(3, 30)),
  'upstream-hangs': lasting(1_000, 5_000, amount(1, 8)),
  'upstream-resets': lasting(1_000, 5_000, amount(3, 30)),
  'upstream-garbage': lasting(1_000, 5_000, amount(3, 20)),
  'upstream-restart': lasting(0, 3_000, () => ({ targets: ['sandbox'] })),
  'policy-stricter': lasting(2_000, 6_000, changedPolicy(0.5, 2)),
  'policy-looser': lasting(2_000, 6_000, changedPolicy(2, 1)),
  'foreign-caller': (dice) => ({ amount: dice.whole(1, 5), budget: 'riders_single' }),
  'clock-jump': lasting(2_000, 6_000, (dice, { services }) => ({
    targets: dice.some(services, dice.whole(1, 2)),
    amount: dice.pick([-10, 10]),
  })),
  'messages-doubled': (dice) => ({ amount: dice.whole(5, 60) }),
  'messages-reordered': lasting(1_000, 3_000, amount(5, 60)),
} satisfies Record<string, Draw>;

export type FaultKind = keyof typeof draws;
export const faultKinds = Object.keys(draws) as FaultKind[];

/** `+12.3 s  freeze 4.1 s: limiter, api` */
export function describeFault({ kind, at, lasts, targets, amount, budget, policy }: Fault): string {
  const details = [
    ...(lasts > 0 ? [`${(lasts / 1_000).toFixed(1)} s`] : []),
    ...targets,
    ...(amount === 0 ? [] : [`× ${amount}`]),
    ...(budget ? [budget] : []),
    ...(policy ? [`${policy.limit} per ${policy.windowMs / 60_000} min`] : []),
  ];
  return `+${(at / 1_000).toFixed(1).padStart(5)} s  ${kind.padEnd(19)} ${details.join(', ')}`;
}

/** Process and server names as in the launcher. @param replicas e.g. `limiter=2` (default one of each) */
export function crewOf(replicas: string, brokers: number, limits: Crew['limits']): Crew {
  const counts = new URLSearchParams(replicas.replaceAll(',', '&'));
  return {
    services: services.flatMap((service) => numbered(service, Number(counts.get(service) ?? 1), service)),
    brokers: brokers === 1 ? ['nats'] : numbered('nats', brokers, 'nats-1'),
    limits,
  };
}

const numbered = (name: string, count: number, first: string): string[] =>
  Array.from({ length: count }, (_, index) => (index === 0 ? first : `${name}-${index + 1}`));
