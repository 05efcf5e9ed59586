import type { Plan } from './plan.ts';
import { readingOf } from './reading.ts';
import { collisions } from './rules/collision.ts';
import { demands } from './rules/demand.ts';
import type { Finding } from './rules/finding.ts';
import type { Openings } from './timetable.ts';
import { overruns } from './rules/overrun.ts';
import { brokenPromises } from './rules/promise.ts';

export type { Finding, Moment } from './rules/finding.ts';

/**
 * What is wrong with a plan, errors first; looked for in the week from `from` (project ms) and around the next changes
 * of summer time.
 */
export function lint(plan: Plan, from: number, openings?: Openings): Finding[] {
  const reading = readingOf(plan, from, openings);
  return [collisions, overruns, brokenPromises, demands].flatMap((rule) => rule(reading));
}

export const isError = ({ severity }: Finding): boolean => severity === 'error';
