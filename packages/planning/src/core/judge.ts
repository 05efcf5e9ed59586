import { kinds, limitsOf, mapValues, type SyncKind, type Tier } from '@paceline/shared/definition';
import type { ScheduleSettings } from '@paceline/shared/contracts';
import { type Forecast, forecast } from './forecast.ts';
import { type Finding, isError, lint } from './lint.ts';
import { type Plan, type Promised, shippedPromises } from './plan.ts';
import { repair } from './repair.ts';
import { schedulesOf } from './schedules.ts';
import type { Schedule } from './slots.ts';
import { rememberOpenings } from './timetable.ts';

/** What a schedule is asked to do. */
export interface Demand {
  readonly tier: Tier;
  readonly clubs: number;
  /** Events within the hour and within 48 hours; usual numbers unless told. */
  readonly things: { readonly near?: number | undefined; readonly far?: number | undefined };
  /** In the place of the usual ones of their kinds. */
  readonly promises: readonly Promised[];
}

/** All that is found out about a plan. */
export interface Judged {
  readonly plan: Plan;
  readonly findings: readonly Finding[];
  readonly forecast: Forecast;
  readonly repaired: Plan;
}

const day = 86_400_000;

/** Judges a plan from the beginning of today (UTC) on. */
export function judge(plan: Plan, now: number): Judged {
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

/** A plan of the kinds that have schedules; what is promised of others counts for nothing. */
export function planOf(
  schedules: readonly Schedule[],
  { tier, clubs, things: { near, far }, promises }: Demand,
  usual: readonly Promised[] = shippedPromises,
): Plan {
  const asked: Partial<Record<SyncKind, number | undefined>> = { near, far };
  // Without a club there is nothing to plan for; the sandbox has one.
  const things = mapValues(
    kinds,
    (kind, name) => asked[name] ?? (kind.things === 'clubs' ? clubs || 1 : kind.things),
  );
  const planned = (kind: SyncKind) => schedules.some((each) => each.kind === kind);
  return {
    schedules,
    policies: limitsOf(tier),
    things,
    // Urgent calls belong to the near sync.
    eventsADay: planned('near') ? things.far / 2 : 0,
    promises: [...usual, ...promises].filter(
      ({ kind }, index, all) => planned(kind) && all.findLastIndex((each) => each.kind === kind) === index,
    ),
  };
}

/** As `judge`, for the settings of all kinds: those that are off are not counted, the observed ones as if they were on. */
export const judgeSettings = (settings: ScheduleSettings, demand: Demand, now: number): Judged =>
  judge(planOf(schedulesOf(settings), demand), now);

/** The settings with the slots of a plan. */
export function settingsWith(settings: ScheduleSettings, { schedules }: Plan): ScheduleSettings {
  const kinds = { ...settings.kinds };
  for (const { kind, opens, durationMs } of schedules) kinds[kind] = { ...kinds[kind], opens, durationMs };
  return { ...settings, kinds };
}
