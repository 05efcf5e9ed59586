import { type Config, documentedPolicies } from '@paceline/shared/config';
import { type Arguments, readArguments, usage, WrongUsage } from './arguments.ts';
import { forecast } from './core/forecast.ts';
import { isError, lint } from './core/lint.ts';
import { designed, eveningEvents, type Plan, shippedPromises, upcomingEvents } from './core/plan.ts';
import { repair } from './core/repair.ts';
import { type Judged, report } from './core/report.ts';
import { schedulesOf, slotVariables } from './core/schedules.ts';

/** The variables that the command reads. */
export const planVariables = [...slotVariables, 'ZWIFTRACING_TIER', 'ZWIFTRACING_CLUB_IDS'] as const;

export type PlanConfig = Config<(typeof planVariables)[number]>;

/** Where the command writes. */
export interface Output {
  out(text: string): void;
  error(text: string): void;
}

const day = 86_400_000;

/**
 * Judges the configured slots, a week from the beginning of today (UTC) on, and says what it finds.
 * @returns the exit code: 0 no errors, 1 errors, 2 called wrongly
 */
export function run(args: readonly string[], config: PlanConfig, now: number, output: Output): 0 | 1 | 2 {
  try {
    const wanted = readArguments(args);
    if (wanted.help) {
      output.out(usage);
      return 0;
    }
    const judged = judge(planOf(wanted, config), now - (now % day));
    output.out(wanted.json ? JSON.stringify(judged, undefined, 2) : report(judged));
    return judged.findings.some(isError) ? 1 : 0;
  } catch (error) {
    if (!(error instanceof WrongUsage)) throw error;
    output.error(error.message);
    return 2;
  }
}

const judge = (plan: Plan, from: number): Judged => ({
  plan,
  findings: lint(plan, from),
  forecast: forecast(plan, from),
  repaired: repair(plan, from),
});

function planOf({ design, things, promises }: Arguments, config: PlanConfig): Plan {
  const usual = design ? designed.promises : shippedPromises;
  // Without a club there is nothing to plan for; the sandbox has one.
  const clubs = config.ZWIFTRACING_CLUB_IDS.length || 1;
  const events = { near: eveningEvents, far: upcomingEvents, ...things };
  return {
    schedules: design ? designed.schedules(config.SLOT_TIME_ZONE) : schedulesOf(config),
    policies: documentedPolicies[config.ZWIFTRACING_TIER],
    things: { rider: clubs, ...events, results: 0 },
    eventsADay: events.far / 2,
    promises: usual.map((promised) => promises.findLast(({ kind }) => kind === promised.kind) ?? promised),
  };
}
