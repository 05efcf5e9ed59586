import { spentBy, turnsBy } from './ages.ts';
import type { Plan } from './plan.ts';
import { collisions } from './rules/collision.ts';
import { demands } from './rules/demand.ts';
import type { Finding, Reading } from './rules/finding.ts';
import { overruns } from './rules/overrun.ts';
import { brokenPromises } from './rules/promise.ts';
import { timetableOf } from './timetable.ts';
import { wallOf } from './words.ts';

export type { Finding, Moment } from './rules/finding.ts';

/**
 * What is wrong with a plan, errors first; looked for in the week from `from` (project ms) and around the next changes
 * of summer time.
 * @throws {Error} when a schedule never comes round
 */
export const lint = (plan: Plan, from: number): Finding[] => findingsOf(readingOf(plan, from));

/** A plan, and what its slots come to from `from` on. */
export function readingOf(plan: Plan, from: number): Reading {
  const stretches = timetableOf(plan, from);
  const timeZone = plan.schedules[0]?.timeZone ?? 'UTC';
  return {
    plan,
    stretches,
    spentBy: spentBy(plan, stretches),
    turnsBy: turnsBy(plan, stretches),
    wall: wallOf(timeZone),
  };
}

export const findingsOf = (reading: Reading): Finding[] =>
  [collisions, overruns, brokenPromises, demands].flatMap((rule) => rule(reading));

export const isError = ({ severity }: Finding): boolean => severity === 'error';
