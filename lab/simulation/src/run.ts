import { readFileSync } from 'node:fs';
import { numberOf, oneOf, type Output, runCommand, wholeNumberOf, WrongUsage } from '@paceline/kit/arguments';
import { configExitCode } from '@paceline/shared/config';
import type { SimulationResult } from './core/result.ts';
import { readScenario, type Scenario, WrongScenario } from './core/scenario.ts';
import { type StrategyName, strategyNames } from './core/simulate.ts';
import { comparison, type SeedResults } from './core/table.ts';

const maxSeeds = 100;

const usage = `npm run simulate -- --scenario FILE [--strategy all|NAME] [--seeds N|N-M] [--days N] [--json]

Runs a scenario on a virtual clock, with the production cores and the sandbox, and prints the results. With several
seeds, each row shows the result of the worst one, as in "80.4 % #3" for seed 3.

  --scenario FILE  scenario in JSON, e.g. lab/simulation/scenarios/team.json
  --strategy NAME  ${strategyNames.join(', ')} or all (default all)
  --seeds N-M      seeds instead of the scenario's, e.g. 5 or 1-5, at most ${maxSeeds}
  --days N         override the scenario's length
  --json           print the results of each seed as JSON; durations in ms, shares from 0 to 1

Exit codes: 0 done, 2 wrong usage, 78 invalid scenario.`;

const options = {
  scenario: { type: 'string' },
  strategy: { type: 'string', default: 'all' },
  json: { type: 'boolean', default: false },
  seeds: { type: 'string' },
  days: { type: 'string' },
} as const;

export interface SimulationRun {
  readonly scenario: Scenario;
  readonly strategy: StrategyName;
}

/** Runs simulations. @returns results in the same order */
export type SimulateAll = (simulations: readonly SimulationRun[]) => Promise<readonly SimulationResult[]>;

/** @returns the exit code: 0 done, 2 wrong usage, 78 invalid scenario */
export const run = (args: readonly string[], output: Output, simulateAll: SimulateAll): Promise<number> =>
  runCommand({ usage, options }, args, output, async ({ scenario: file, strategy, seeds, days, json }) => {
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
      const results = await simulateAll(simulations);
      const named = strategies.map((name): readonly [StrategyName, SeedResults] => [
        name,
        new Map(
          simulations.flatMap(({ scenario, strategy: of }, index) =>
            of === name ? [[scenario.seed, results[index] as SimulationResult]] : [],
          ),
        ),
      ]);
      output.out(json ? jsonOf(scenarios, named) : comparison(named));
      return 0;
    } catch (error) {
      if (!(error instanceof WrongScenario)) throw error;
      output.error(error.message);
      return configExitCode;
    }
  });

function jsonOf(
  scenarios: readonly Scenario[],
  named: ReadonlyArray<readonly [StrategyName, SeedResults]>,
): string {
  const seeds = scenarios.map(({ seed, days }) => ({
    seed,
    days,
    strategies: Object.fromEntries(named.map(([name, results]) => [name, results.get(seed)])),
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
  return readScenario(typeof json === 'object' && json !== null ? { ...json, ...overrides } : json);
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    throw new WrongScenario([`can't read ${file}: ${(error as Error).message}`]);
  }
}
