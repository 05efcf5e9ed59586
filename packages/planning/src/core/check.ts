import type { ScheduleSettings } from '@paceline/shared/contracts';
import { analyze } from './analysis.ts';
import { forecast } from './forecast.ts';
import { isError, lint } from './lint.ts';
import { type ScheduleDemand, type Plan, planOf } from './plan.ts';
import { repair } from './repair.ts';
import { schedulesOf } from './slots.ts';
import { memoizedSlots } from './timetable.ts';

export type PlanCheck = ReturnType<typeof checkPlan>;

const day = 86_400_000;

/** Lint, forecast and repair of a plan, from the start of today (UTC). */
export function checkPlan(plan: Plan, now: number) {
  const from = now - (now % day);
  const findSlots = memoizedSlots();
  const analysis = analyze(plan, from, findSlots);
  const findings = lint(analysis);
  return {
    plan,
    findings,
    forecast: forecast(analysis),
    repaired: findings.some(isError) ? repair(plan, from, findSlots) : plan,
  };
}

/** Like `checkPlan`, for schedule settings: kinds that are off don't count, observed ones count as on. */
export const checkSettings = (settings: ScheduleSettings, demand: ScheduleDemand, now: number): PlanCheck =>
  checkPlan(planOf(schedulesOf(settings), demand), now);

export function settingsWith(settings: ScheduleSettings, { schedules }: Plan): ScheduleSettings {
  const kinds = { ...settings.kinds };
  for (const { kind, opens, durationMs } of schedules) kinds[kind] = { ...kinds[kind], opens, durationMs };
  return { ...settings, kinds };
}
