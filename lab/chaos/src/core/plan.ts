import { createDice } from '@paceline/kit/dice';
import { type Crew, draws, type Fault, type FaultKind } from './fault.ts';

/** Minimum number of brokers for a kind. */
const brokersNeeded: Partial<Record<FaultKind, number>> = {
  'broker-node-away': 3,
  'broker-quorum-lost': 3,
  'node-replaced': 3,
};

export interface PlanOptions {
  readonly seed: number;
  readonly virtualHours: number;
  /** Project ms per real ms. */
  readonly scale: number;
  readonly crew: Crew;
  readonly kinds: readonly FaultKind[];
}

/** Real ms without faults at the start and the end. */
const calm = { before: 2_000, after: 4_000 };
/** Real ms between the starts of two faults. */
const interval = { min: 600, max: 3_600 };

/** A seed's faults in order. Each round shuffles all kinds; a target is hit again only after a pause. */
export function plan({ seed, virtualHours, scale, crew, kinds }: PlanOptions): Fault[] {
  const dice = createDice(seed, 'faults');
  const possible = kinds.filter((kind) => crew.brokers.length >= (brokersNeeded[kind] ?? 1));
  if (possible.length === 0) return [];
  const end = (virtualHours * 3_600_000) / scale - calm.after;
  const free = new Map<string, number>();
  const faults: Fault[] = [];
  let round: FaultKind[] = [];
  for (let at = calm.before; at < end; at += dice.whole(interval.min, interval.max)) {
    if (round.length === 0) round = dice.shuffled(possible);
    const kind = round.pop() as FaultKind;
    const drawn = { lasts: 0, targets: [], amount: 0, ...draws[kind](dice, crew) };
    const parts = partsOf({ kind, targets: drawn.targets }, crew);
    const startsAt = Math.max(at, ...parts.map((part) => free.get(part) ?? 0));
    const lasts = Math.min(drawn.lasts, Math.max(0, Math.floor(end + calm.after / 2 - startsAt)));
    if (startsAt >= end) continue;
    for (const part of parts) free.set(part, startsAt + lasts + pauseMs);
    faults.push({ kind, at: startsAt, ...drawn, lasts });
  }
  return faults.toSorted((a, b) => a.at - b.at);
}

/** Parts that only one fault at a time can affect. */
export function partsOf({ kind, targets }: Pick<Fault, 'kind' | 'targets'>, crew: Crew): readonly string[] {
  if (onBrokers.test(kind)) return ['brokers', ...targets];
  if (kind.startsWith('policy') || kind === 'foreign-caller') return ['policies'];
  if (kind === 'rolling-restart') return crew.services;
  if (kind.startsWith('upstream')) return ['upstream'];
  return targets;
}

const onBrokers = /^(broker|journal|node|power)/;

/** Real ms between two faults of the same part. */
const pauseMs = 1_500;
