import { parseArgs } from 'node:util';
import {
  type Config,
  duration,
  freshnessGoalsOf,
  freshnessVariableNames,
  slotVariableNames,
} from '@paceline/shared/config';
import type { Promised, SyncMode } from '@paceline/shared/contracts';
import { kindNames, kinds, type SyncKind } from '@paceline/shared/definition';
import { judge } from './core/judge.ts';
import { isError } from './core/lint.ts';
import { designed, type Plan, planOf, promisesOf } from './core/plan.ts';
import { report } from './core/report.ts';
import { schedulesOf, settingsOf } from './core/slots.ts';

export const planVariables = [
  ...slotVariableNames,
  ...freshnessVariableNames,
  'ZWIFTRACING_TIER',
  'ZWIFTRACING_CLUB_IDS',
] as const;

type PlanConfig = Config<(typeof planVariables)[number]>;

/** Kinds whose number of things is an estimate, and not configured. */
const estimated = kindNames.filter((kind) => kinds[kind].things !== 'clubs');

const usage = `npm run plan -- [--design] ${estimated.map((kind) => `[--${kind} N] `).join('')}[--promise KIND=TIME …] [--json]

Judges the slots of the configuration before they are used.

  --design             judges the first design's figures instead
${estimated.map((kind) => `  ${`--${kind} N`.padEnd(19)}  ${kinds[kind].thing}s on a busy day; default ${kinds[kind].things}`).join('\n')}
  --promise KIND=TIME  how often each ${kindNames.map((kind) => `${kinds[kind].thing} (${kind})`).join(', ')}
                       is refreshed at the least: a time such as 15m, or "cycle": once from slot to slot; may be repeated
  --json               findings, forecast and the repaired plan, for programs; moments and times in ms

Exit code 0: no errors. 1: errors. 2: called wrongly. 78: the configuration is wrong.`;

/** The command was called wrongly; says how it is meant. */
class PlanUsageError extends Error {
  override name = 'PlanUsageError';

  constructor(problem: string) {
    super(`${problem}\n\n${usage}`);
  }
}

interface PlanOutput {
  out(text: string): void;
  error(text: string): void;
}

/** Judges the configured slots. Exit code: 0 no errors, 1 errors, 2 called wrongly */
export function run(args: readonly string[], config: PlanConfig, now: number, output: PlanOutput): 0 | 1 | 2 {
  try {
    const wanted = parse(args);
    if (wanted.help) {
      output.out(usage);
      return 0;
    }
    const judged = judge(wantedPlan(wanted, config), now);
    output.out(wanted.json ? JSON.stringify(judged, undefined, 2) : report(judged));
    if (!wanted.json && !wanted.design) for (const note of notes(config)) output.out(`\n${note}`);
    return judged.findings.some(isError) ? 1 : 0;
  } catch (error) {
    if (!(error instanceof PlanUsageError)) throw error;
    output.error(error.message);
    return 2;
  }
}

const flag = { type: 'boolean', default: false } as const;
const numbers = Object.fromEntries(estimated.map((kind) => [kind, { type: 'string' }] as const));

/** @throws {WrongUsage} */
function parse(args: readonly string[]) {
  try {
    const promise = { type: 'string', multiple: true } as const;
    const options = { ...numbers, design: flag, json: flag, help: flag, promise };
    const {
      design,
      json,
      help,
      promise: promises = [],
      ...given
    } = parseArgs({ args: [...args], options }).values;
    return {
      design,
      json,
      help,
      promises: promises.map(promised),
      things: Object.fromEntries(
        Object.entries(given).map(([kind, text]) => [kind, number(`--${kind}`, String(text))]),
      ),
    };
  } catch (error) {
    throw error instanceof PlanUsageError ? error : new PlanUsageError((error as Error).message);
  }
}

function number(name: string, text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new PlanUsageError(`${name} must be a number up to 99999`);
  return Number(text);
}

function promised(text: string): Promised {
  const [kind = '', time = ''] = text.split('=');
  const within = time === 'cycle' ? time : duration.safeParse(time).data;
  if (!isKind(kind) || !within) throw new PlanUsageError('--promise must look like near=15m or far=cycle');
  return { kind, within };
}

const isKind = (text: string): text is SyncKind => kindNames.some((kind) => kind === text);

function wantedPlan({ design, things, promises }: ReturnType<typeof parse>, config: PlanConfig): Plan {
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
        promises: [...promisesOf(freshnessGoalsOf(config)), ...promises],
      });
}

function notes(config: PlanConfig): string[] {
  const settings = settingsOf(config);
  const those = (mode: SyncMode) => kindNames.filter((kind) => settings.kinds[kind].mode === mode).join(', ');
  return [
    ...(those('off') ? [`Off, and not counted: ${those('off')}.`] : []),
    ...(those('observed') ? [`Observed, and counted as if on: ${those('observed')}.`] : []),
  ];
}
