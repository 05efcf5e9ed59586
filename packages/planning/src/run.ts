import { kindNames } from '@paceline/shared/definition';
import { type Config, goalsOf, goalVariables, slotVariableNames } from '@paceline/shared/config';
import { type SyncMode } from '@paceline/shared/contracts';
import { type Arguments, readArguments, usage, WrongUsage } from './arguments.ts';
import { judge, planOf } from './core/judge.ts';
import { isError } from './core/lint.ts';
import { designed, type Plan, promisesOf } from './core/plan.ts';
import { report } from './core/report.ts';
import { schedulesOf, settingsOf } from './core/schedules.ts';

/** The variables that the command reads. */
export const planVariables = [
  ...slotVariableNames,
  ...goalVariables,
  'ZWIFTRACING_TIER',
  'ZWIFTRACING_CLUB_IDS',
] as const;

export type PlanConfig = Config<(typeof planVariables)[number]>;

/** Where the command writes. */
export interface Output {
  out(text: string): void;
  error(text: string): void;
}

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
    const judged = judge(wantedPlan(wanted, config), now);
    output.out(wanted.json ? JSON.stringify(judged, undefined, 2) : report(judged));
    if (!wanted.json && !wanted.design) for (const note of notes(config)) output.out(`\n${note}`);
    return judged.findings.some(isError) ? 1 : 0;
  } catch (error) {
    if (!(error instanceof WrongUsage)) throw error;
    output.error(error.message);
    return 2;
  }
}

function wantedPlan({ design, things, promises }: Arguments, config: PlanConfig): Plan {
  const demand = {
    tier: config.ZWIFTRACING_TIER,
    clubs: config.ZWIFTRACING_CLUB_IDS.length,
    things,
    promises,
  };
  return design
    ? planOf(designed.schedules(config.SLOT_TIME_ZONE), demand, designed.promises)
    : planOf(schedulesOf(settingsOf(config)), {
        ...demand,
        promises: [...promisesOf(goalsOf(config)), ...promises],
      });
}

/** What the modes mean for the plan. */
function notes(config: PlanConfig): string[] {
  const { kinds } = settingsOf(config);
  const those = (mode: SyncMode) => kindNames.filter((kind) => kinds[kind].mode === mode).join(', ');
  return [
    ...(those('off') ? [`Off, and not counted: ${those('off')}.`] : []),
    ...(those('observed') ? [`Observed, and counted as if on: ${those('observed')}.`] : []),
  ];
}
