import { createDice } from '@paceline/kit/dice';
import { type Crew, draws, type Fault, type FaultKind } from './fault.ts';

/** How many brokers it takes for this kind to be what it says. */
const brokersNeeded: Partial<Record<FaultKind, number>> = { 'broker-node-away': 3, 'broker-quorum-lost': 3 };

export interface PlanOptions {
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

/** The faults of a seed, in order. Kinds take shuffled turns; what is broken is broken again only after a calm moment. */
export function plan({ seed, virtualHours, scale, crew, kinds }: PlanOptions): Fault[] {
  const dice = createDice(seed, 'faults');
  const possible = kinds.filter((kind) => crew.brokers.length >= (brokersNeeded[kind] ?? 1));
  if (possible.length === 0) return [];
  const end = (virtualHours * 3_600_000) / scale - calm.after;
  const free = new Map<string, number>();
  const faults: Fault[] = [];
  let turn: FaultKind[] = [];
  for (let at = calm.before; at < end; at += dice.whole(apart.least, apart.most)) {
    if (turn.length === 0) turn = dice.shuffled(possible);
    const kind = turn.pop() as FaultKind;
    const drawn = { lasts: 0, targets: [], amount: 0, ...draws[kind](dice, crew) };
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
