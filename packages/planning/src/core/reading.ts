import type { SyncKind } from '@paceline/shared/definition';
import { type Spent, spentBy, turnsBy } from './ages.ts';
import type { Plan } from './plan.ts';
import { type Openings, type Timetable, timetableOf } from './timetable.ts';
import { type Wall, wallOf } from './words.ts';

/** A plan and what its slots come to: what every rule and the forecast look at. The week is the first stretch. */
export interface Reading {
  readonly plan: Plan;
  readonly stretches: Timetable;
  /** The calls that the slots of a kind make, stretch by stretch. */
  readonly spentBy: (kind: SyncKind) => readonly Spent[];
  /** The calls in which the things of a kind take turns: what a promise rests on. */
  readonly turnsBy: (kind: SyncKind) => readonly Spent[];
  /** Of the plan's time zone. */
  readonly wall: Wall;
}

/** @param openings remembered ones, for whoever reads several plans */
export function readingOf(plan: Plan, from: number, openings?: Openings): Reading {
  const stretches = timetableOf(plan, from, openings);
  return {
    plan,
    stretches,
    spentBy: spentBy(plan, stretches),
    turnsBy: turnsBy(plan, stretches),
    wall: wallOf(plan.schedules[0]?.timeZone ?? 'UTC'),
  };
}
