import { parseArgs } from 'node:util';
import {
  type Config,
  ConfigError,
  duration,
  freshnessGoalsOf,
  freshnessVariableNames,
  slotVariableNames,
} from '@paceline/shared/config';
import type { KindGoal, SyncMode } from '@paceline/shared/contracts';
import { kindNames, kinds, type SyncKind } from '@paceline/shared/definition';
import { defaultUpstream, type Upstream, type Upstreams } from '@paceline/shared/upstreams';
import { loadUpstreams, tierOf } from '@paceline/shared/upstreams/load';
import { checkPlan } from './core/check.ts';
import { isError } from './core/lint.ts';
import { firstDesign, type Plan, planOf, goalsOf } from './core/plan.ts';
import { report } from './core/report.ts';
import { schedulesOf, settingsOf } from './core/slots.ts';
import { spentBySteady, type SteadyCalls } from './core/spent.ts';
import { plannedWindows } from './core/windows.ts';

export const planVariables = [
  ...slotVariableNames,
  ...freshnessVariableNames,
  'UPSTREAMS',
  'ZWIFTRACING_TIER',
  'ZWIFTRACING_CLUB_IDS',
] as const;

type PlanConfig = Config<(typeof planVariables)[number]>;

/** Kinds whose number of events can be set here; clubs come from the configuration. */
const countedKinds = kindNames.filter((kind) => kinds[kind].things !== 'clubs');

const usage = `npm run plan -- [--design] ${countedKinds.map((kind) => `[--${kind} N] `).join('')}[--goal KIND=TIME …]
                  [--calls UPSTREAM/ENDPOINT=N/TIME …] [--json]

Checks the configured slots before they are used.

  --design             check the first design's figures instead
${countedKinds.map((kind) => `  ${`--${kind} N`.padEnd(19)}  ${kinds[kind].thing}s on a busy day; default ${kinds[kind].things}`).join('\n')}
  --goal KIND=TIME     freshness goal for each ${kindNames.map((kind) => `${kinds[kind].thing} (${kind})`).join(', ')}:
                       a duration such as 15m, or "cycle" (once per slot); repeatable
  --calls UPSTREAM/ENDPOINT=N/TIME
                       calls of other programs, such as weather/read=90/1h: says when they spend a day
  --json               print findings, forecast and the repaired plan as JSON; times in ms

Exit codes: 0 no errors, 1 errors, 2 wrong usage, 78 invalid configuration.`;

/** Wrong usage; the message includes the usage text. */
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

/** Checks the configured slots and prints the result. Returns the exit code: 0 no errors, 1 errors, 2 wrong usage. */
export function run(args: readonly string[], config: PlanConfig, now: number, output: PlanOutput): 0 | 1 | 2 {
  try {
    const options = parse(args);
    if (options.help) {
      output.out(usage);
      return 0;
    }
    const check = checkPlan(requestedPlan(options, config), now);
    const midnight = now - (now % 86_400_000);
    const spent = options.calls.flatMap((each) => spentBySteady(parseCalls(each, config), midnight));
    check.findings.push(...spent);
    output.out(options.json ? JSON.stringify(check, undefined, 2) : report(check));
    if (!options.json && !options.design) for (const note of modeNotes(config)) output.out(`\n${note}`);
    return check.findings.some(isError) ? 1 : 0;
  } catch (error) {
    if (!(error instanceof PlanUsageError)) throw error;
    output.error(error.message);
    return 2;
  }
}

const flag = { type: 'boolean', default: false } as const;
const numbers = Object.fromEntries(countedKinds.map((kind) => [kind, { type: 'string' }] as const));

/** @throws {PlanUsageError} */
function parse(args: readonly string[]) {
  try {
    const goal = { type: 'string', multiple: true } as const;
    const options = { ...numbers, design: flag, json: flag, help: flag, goal, calls: goal };
    const {
      design,
      json,
      help,
      goal: goals = [],
      calls = [],
      ...given
    } = parseArgs({ args: [...args], options }).values;
    return {
      design,
      json,
      help,
      goals: goals.map(parseGoal),
      calls,
      things: Object.fromEntries(
        Object.entries(given).map(([kind, text]) => [kind, parseNumber(`--${kind}`, String(text))]),
      ),
    };
  } catch (error) {
    throw error instanceof PlanUsageError ? error : new PlanUsageError((error as Error).message);
  }
}

function parseNumber(name: string, text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new PlanUsageError(`${name} must be a whole number, max 99999`);
  return Number(text);
}

function parseGoal(text: string): KindGoal {
  const [kind = '', time = ''] = text.split('=');
  const within = time === 'cycle' ? time : duration.safeParse(time).data;
  if (!isKind(kind) || !within) throw new PlanUsageError('--goal must look like near=15m or far=cycle');
  return { kind, within };
}

/** `weather/read=90/1h`. @throws {PlanUsageError} */
function parseCalls(text: string, { UPSTREAMS, ZWIFTRACING_TIER }: PlanConfig): SteadyCalls {
  const [, name = '', endpoint = '', calls, time] = /^(\w+)\/(\w+)=(\d{1,6})\/(\w+)$/.exec(text) ?? [];
  const windowMs = duration.safeParse(time).data;
  if (!Number(calls) || !windowMs) throw new PlanUsageError('--calls must look like weather/read=90/1h');
  const upstream = upstreamNamed(name, UPSTREAMS);
  const definition = upstream.endpoints[endpoint];
  if (!definition) {
    const known = Object.keys(upstream.endpoints).join(', ');
    throw new PlanUsageError(`--calls: ${name} has no endpoint "${endpoint}", but ${known}`);
  }
  const tier = name === defaultUpstream ? ZWIFTRACING_TIER : tierOf(upstream, process.env);
  return { windows: plannedWindows(upstream, definition.budgets, tier), limit: Number(calls), windowMs };
}

/** One of `UPSTREAMS`, or a file that is there to be added. */
function upstreamNamed(name: string, configured: Upstreams): Upstream {
  try {
    const upstream = configured[name] ?? loadUpstreams({ UPSTREAMS: `${defaultUpstream},${name}` })[name];
    if (upstream) return upstream;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new PlanUsageError(`--calls: ${error.message}`);
  }
  throw new PlanUsageError(`--calls: there is no upstream ${name}`);
}

const isKind = (text: string): text is SyncKind => kindNames.some((kind) => kind === text);

function requestedPlan({ design, things, goals }: ReturnType<typeof parse>, config: PlanConfig): Plan {
  const demand = {
    upstream: config.UPSTREAMS.zwiftracing,
    tier: config.ZWIFTRACING_TIER,
    clubs: config.ZWIFTRACING_CLUB_IDS.length,
    things,
    goals,
  };
  return design
    ? planOf(firstDesign.schedules(config.SLOT_TIME_ZONE), demand, firstDesign.goals)
    : planOf(schedulesOf(settingsOf(config)), {
        ...demand,
        goals: [...goalsOf(freshnessGoalsOf(config)), ...goals],
      });
}

function modeNotes(config: PlanConfig): string[] {
  const settings = settingsOf(config);
  const kindsIn = (mode: SyncMode) =>
    kindNames.filter((kind) => settings.kinds[kind].mode === mode).join(', ');
  return [
    ...(kindsIn('off') ? [`Not counted, as they are off: ${kindsIn('off')}.`] : []),
    ...(kindsIn('observed') ? [`Observed, counted as on: ${kindsIn('observed')}.`] : []),
  ];
}
