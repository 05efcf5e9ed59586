import { createDice, type Dice } from '@paceline/kit/dice';
import { budgetNames, limitsOf } from '@paceline/shared/definition';
import type { Crew, Fault, FaultKind } from './fault.ts';

/** What a seed decides about a fault of one kind; how long it lasts in real ms. */
type Draw = (
  dice: Dice,
  crew: Crew,
) => Pick<Fault, 'lasts'> & Partial<Pick<Fault, 'targets' | 'amount' | 'budget' | 'policy'>>;

const targets = ['broker', 'database', 'upstream'] as const;

const limits = limitsOf('standard');
/** Budgets whose limit is changed: a window of an hour would outlast the run. */
const steerable = budgetNames.filter((name) => limits[name].windowMs <= 15 * 60_000);

/** Some links of a few services; the scheduler and the limiter have one to the broker only. */
function links(dice: Dice, { services }: Crew): string[] {
  const target = dice.pick(targets);
  const callers = services.filter((name) => target === 'broker' || !/^(limiter|scheduler)/.test(name));
  const upstream = callers.filter((name) => target !== 'upstream' || !name.startsWith('api'));
  return dice.some(upstream, dice.whole(1, 3)).map((name) => `${name}>${target}`);
}

/** Another limit: so many times the calls, in so many times the window. */
const changedPolicy = (limitTimes: number, windowTimes: number) => (dice: Dice) => {
  const budget = dice.pick(steerable);
  const { limit, windowMs } = limits[budget];
  return {
    budget,
    policy: { limit: Math.max(1, Math.floor(limit * limitTimes)), windowMs: windowMs * windowTimes },
  };
};

const lasting =
  (least: number, most: number, more: (dice: Dice, crew: Crew) => Omit<ReturnType<Draw>, 'lasts'>): Draw =>
  (dice, crew) => ({ lasts: dice.whole(least, most), ...more(dice, crew) });

const amount = (least: number, most: number) => (dice: Dice) => ({ amount: dice.whole(least, most) });

const draws: Record<FaultKind, Draw> = {
  kill: (dice, { services }) => ({ lasts: 0, targets: dice.some(services, 1) }),
  'kill-several': (dice, { services }) => ({ lasts: 0, targets: dice.some(services, dice.whole(2, 4)) }),
  freeze: lasting(500, 7_000, (dice, { services }) => ({ targets: dice.some(services, dice.whole(1, 2)) })),
  'rolling-restart': (dice, { services }) => ({
    lasts: 2_500 * services.length,
    targets: dice.shuffled(services),
  }),
  'broker-restart': lasting(0, 1_500, (_, { brokers }) => ({ targets: brokers })),
  'broker-node-away': lasting(1_000, 6_000, (dice, { brokers }) => ({ targets: dice.some(brokers, 1) })),
  'broker-quorum-lost': lasting(1_000, 5_000, (dice, { brokers }) => ({ targets: dice.some(brokers, 2) })),
  'journal-disk-full': lasting(1_000, 4_000, (dice, { brokers }) => ({ targets: dice.some(brokers, 1) })),
  'database-restart': () => ({ lasts: 0, targets: ['postgres'] }),
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
  'foreign-caller': (dice) => ({ lasts: 0, amount: dice.whole(1, 5), budget: 'riders_single' }),
  'clock-jump': lasting(2_000, 6_000, (dice, { services }) => ({
    targets: dice.some(services, dice.whole(1, 2)),
    amount: dice.pick([-10, 10]),
  })),
  'messages-doubled': (dice) => ({ lasts: 0, amount: dice.whole(5, 60) }),
  'messages-reordered': lasting(1_000, 3_000, amount(5, 60)),
};

/** How many brokers it takes for this kind to be what it says. */
const brokersNeeded: Partial<Record<FaultKind, number>> = { 'broker-node-away': 3, 'broker-quorum-lost': 3 };

const isPossible = (kind: FaultKind, { brokers }: Crew): boolean =>
  brokers.length >= (brokersNeeded[kind] ?? 1);

interface PlanOptions {
  readonly seed: number;
  readonly virtualHours: number;
  /** How many project ms pass in one of ours. */
  readonly scale: number;
  readonly crew: Crew;
  readonly kinds: readonly FaultKind[];
}

/** Real ms: the system works before the first fault and after the last one. */
const calm = { before: 2_000, after: 4_000 };
/** Real ms between the beginnings of two faults. */
const apart = { least: 600, most: 3_600 };

/**
 * The faults of a seed, in their order: the same for the same options, whoever asks. Kinds come round in shuffled
 * turns, so that each comes as often as any other. Faults of different things may overlap; what is broken already is
 * broken again only when it has been whole for a moment.
 */
export function plan({ seed, virtualHours, scale, crew, kinds }: PlanOptions): Fault[] {
  const dice = createDice(seed, 'faults');
  const possible = kinds.filter((kind) => isPossible(kind, crew));
  if (possible.length === 0) return [];
  const end = (virtualHours * 3_600_000) / scale - calm.after;
  const free = new Map<string, number>();
  const faults: Fault[] = [];
  let turn: FaultKind[] = [];
  for (let at = calm.before; at < end; at += dice.whole(apart.least, apart.most)) {
    if (turn.length === 0) turn = dice.shuffled(possible);
    const kind = turn.pop() as FaultKind;
    const drawn = { targets: [], amount: 0, ...draws[kind](dice, crew) };
    const parts = partsOf(kind, drawn.targets, crew);
    const begins = Math.max(at, ...parts.map((part) => free.get(part) ?? 0));
    const lasts = Math.min(drawn.lasts, Math.max(0, Math.floor(end + calm.after / 2 - begins)));
    if (begins >= end) continue;
    for (const part of parts) free.set(part, begins + lasts + calmAfter);
    faults.push({ kind, at: begins, ...drawn, lasts });
  }
  return faults.toSorted((a, b) => a.at - b.at);
}

/** What can't be broken twice at once. */
function partsOf(kind: FaultKind, targets: readonly string[], crew: Crew): readonly string[] {
  if (kind.startsWith('broker') || kind === 'journal-disk-full') return ['brokers'];
  if (kind.startsWith('policy') || kind === 'foreign-caller') return ['policies'];
  if (kind === 'rolling-restart') return crew.services;
  if (kind.startsWith('upstream')) return ['upstream'];
  return targets;
}

/** Real ms for which what was healed is left alone. */
const calmAfter = 1_500;
