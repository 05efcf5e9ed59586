import { readFileSync } from 'node:fs';
import { numberOf, oneOf, type Output, runCommand, wholeNumberOf, WrongUsage } from '@paceline/kit/arguments';
import { configExitCode } from '@paceline/shared/config';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { type Bound, type BoundAmounts, sharesOf } from './core/bound/bound.ts';
import { boundDays } from './core/bound/days.ts';
import type { Named } from './core/cells.ts';
import type { SimulationResult } from './core/result.ts';
import { readScenario, type Scenario, WrongScenario } from './core/scenario.ts';
import { type StrategyName, strategyNames } from './core/simulate.ts';
import { comparison } from './core/table.ts';

const maxSeeds = 100;

const usage = `npm run simulate -- --scenario FILE [--strategy all|NAME] [--seeds N|N-M] [--days N] [--bound] [--json]

Runs a scenario on a virtual clock, with the production cores and the sandbox, and prints the results. With several
seeds, each row shows the result of the worst one, as in "80.4 % #3" for seed 3.

  --scenario FILE  scenario in JSON, e.g. lab/simulation/scenarios/team.json
  --strategy NAME  ${strategyNames.join(', ')} or all (default all)
  --seeds N-M      seeds instead of the scenario's, e.g. 5 or 1-5, at most ${maxSeeds}
  --days N         override the scenario's length
  --bound          also compute the joint optimum of the signups calls: 10 s per day and processor
  --json           print the results of each seed as JSON; durations in ms, shares from 0 to 1

Exit codes: 0 done, 2 wrong usage, 78 invalid scenario.`;

const options = {
  scenario: { type: 'string' },
  strategy: { type: 'string', default: 'all' },
  json: { type: 'boolean', default: false },
  bound: { type: 'boolean', default: false },
  seeds: { type: 'string' },
  days: { type: 'string' },
} as const;

export interface SimulationRun {
  readonly scenario: Scenario;
  readonly strategy: StrategyName;
}

/** The bound of a day that begins then. */
export interface DayBound {
  readonly scenario: Scenario;
  readonly day: number;
}

export type Job = SimulationRun | DayBound;

/** Performs jobs. @returns results in the same order */
export interface Lab {
  simulateAll(simulations: readonly SimulationRun[]): Promise<readonly SimulationResult[]>;
  boundDays(days: readonly DayBound[]): Promise<readonly BoundAmounts[]>;
}

/** @returns the exit code: 0 done, 2 wrong usage, 78 invalid scenario */
export const run = (args: readonly string[], output: Output, lab: Lab): Promise<number> =>
  runCommand(
    { usage, options },
    args,
    output,
    async ({ scenario: file, strategy, seeds, days, bound, json }) => {
      if (file === undefined) throw new WrongUsage('--scenario is missing');
      const chosen = oneOf('--strategy', strategy, ['all', ...strategyNames]);
      const strategies = chosen === 'all' ? strategyNames : [chosen];
      const overrides = days === undefined ? {} : { days: numberOf('--days', days, 0, 1_000) };
      const seedOverrides = seeds === undefined ? [{}] : seedsOf(seeds).map((seed) => ({ seed }));
      try {
        const scenarios = seedOverrides.map((seed) => scenarioOf(file, { ...overrides, ...seed }));
        const simulations = strategies.flatMap((name) =>
          scenarios.map((scenario) => ({ scenario, strategy: name })),
        );
        const results = await lab.simulateAll(simulations);
        const named = strategies.map((name): Named => [
          name,
          new Map(
            simulations.flatMap(({ scenario, strategy: of }, index) =>
              of === name ? [[scenario.seed, results[index] as SimulationResult]] : [],
            ),
          ),
        ]);
        const bounds = bound ? await boundsOf(scenarios, lab) : undefined;
        output.out(json ? jsonOf(scenarios, named, bounds) : comparison(named, bounds));
        return 0;
      } catch (error) {
        if (!(error instanceof WrongScenario)) throw error;
        output.error(error.message);
        return configExitCode;
      }
    },
  );

/** By seed. */
async function boundsOf(scenarios: readonly Scenario[], lab: Lab): Promise<Map<number, Bound>> {
  const jobs = scenarios.flatMap((scenario) => boundDays(scenario).map((day) => ({ scenario, day })));
  const amounts = await lab.boundDays(jobs);
  return new Map(
    scenarios.map((scenario) => [
      scenario.seed,
      sharesOf(amounts.filter((_, index) => jobs[index]?.scenario === scenario)),
    ]),
  );
}

function jsonOf(
  scenarios: readonly Scenario[],
  named: readonly Named[],
  bounds?: ReadonlyMap<number, Bound>,
): string {
  const seeds = scenarios.map(({ seed, days }) => ({
    seed,
    days,
    strategies: Object.fromEntries(named.map(([name, results]) => [name, results.get(seed)])),
    bound: bounds?.get(seed),
  }));
  return JSON.stringify(seeds, undefined, 2);
}

/** `5` or `1-5`. */
function seedsOf(text: string): number[] {
  const [from = '', until = from, ...more] = text.split('-');
  const first = wholeNumberOf('--seeds', from, 0);
  const last = wholeNumberOf('--seeds', until, first, first + maxSeeds - 1);
  if (more.length > 0) throw new WrongUsage('--seeds must be a number or a range such as 1-5');
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function scenarioOf(file: string, overrides: Readonly<Record<string, number>>): Scenario {
  const json = parsed(file);
  const given = typeof json === 'object' && json !== null ? { ...json, ...overrides } : json;
  return readScenario(given, loadUpstreams(process.env).zwiftracing);
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    throw new WrongScenario([`can't read ${file}: ${(error as Error).message}`]);
  }
}
