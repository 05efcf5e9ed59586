import type { ScheduleSettings } from '@paceline/shared/contracts';
import { forecast } from './forecast.ts';
import { isError, lint } from './lint.ts';
import { type ScheduleDemand, type Plan, planOf } from './plan.ts';
import { repair } from './repair.ts';
import { schedulesOf } from './slots.ts';
import { rememberOpenings } from './timetable.ts';

export type JudgedPlan = ReturnType<typeof judge>;

const day = 86_400_000;

/** Judges a plan from the beginning of today (UTC) on. */
export function judge(plan: Plan, now: number) {
  const from = now - (now % day);
  const openings = rememberOpenings();
  const findings = lint(plan, from, openings);
  return {
    plan,
    findings,
    forecast: forecast(plan, from, openings),
    repaired: findings.some(isError) ? repair(plan, from, openings) : plan,
  };
}

/** As `judge`, for the settings of all kinds: those that are off are not counted, the observed ones as if they were on. */
export const judgeSettings = (settings: ScheduleSettings, demand: ScheduleDemand, now: number): JudgedPlan =>
  judge(planOf(schedulesOf(settings), demand), now);

export function settingsWith(settings: ScheduleSettings, { schedules }: Plan): ScheduleSettings {
  const kinds = { ...settings.kinds };
  for (const { kind, opens, durationMs } of schedules) kinds[kind] = { ...kinds[kind], opens, durationMs };
  return { ...settings, kinds };
}
