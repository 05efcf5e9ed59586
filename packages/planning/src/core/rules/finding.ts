import type { SyncKind } from '@paceline/shared/contracts';
import type { Spent } from '../ages.ts';
import type { Plan } from '../plan.ts';
import type { Stretch } from '../timetable.ts';
import type { Wall } from '../words.ts';

/** What a plan does, moment by moment. */
export interface Moment {
  /** Project ms. */
  readonly at: number;
  readonly says: string;
}

/** Something that a plan can't do (an error), or that whoever runs it should know (a warning). */
export interface Finding {
  readonly rule: 'collision' | 'overrun' | 'demand' | 'promise';
  readonly severity: 'error' | 'warning';
  readonly kinds: readonly SyncKind[];
  /** In plain words, with times of the plan's time zone. */
  readonly message: string;
  /** An example. */
  readonly timeline: readonly Moment[];
}

/** A plan and what follows from it: what every rule looks at. */
export interface Reading {
  readonly plan: Plan;
  readonly stretches: readonly [Stretch, ...Stretch[]];
  readonly spentBy: (kind: SyncKind) => readonly Spent[];
  readonly turnsBy: (kind: SyncKind) => readonly Spent[];
  readonly wall: Wall;
}
