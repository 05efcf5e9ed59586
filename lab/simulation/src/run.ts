import { readFileSync } from 'node:fs';
import { numberOf, oneOf, type Output, runCommand, wholeNumberOf, WrongUsage } from '@paceline/kit/arguments';
import { configExitCode } from '@paceline/shared/config';
import type { SimulationResult } from './core/result.ts';
import { readScenario, type Scenario, WrongScenario } from './core/scenario.ts';
import { type StrategyName, strategyNames } from './core/simulate.ts';
import { comparison } from './core/table.ts';

const usage = `npm run simulate -- --scenario FILE [--strategy all|NAME] [--seed N] [--days N] [--json]

Runs a scenario on a virtual clock, with the production cores and the sandbox, and prints the results.

  --scenario FILE  scenario in JSON, e.g. lab/simulation/scenarios/team.json
  --strategy NAME  ${strategyNames.join(', ')} or all (default all)
  --seed N         override the scenario's seed
  --days N         override the scenario's length
  --json           print the results as JSON; durations in ms, shares from 0 to 1

Exit codes: 0 done, 2 wrong usage, 78 invalid scenario.`;

const options = {
  scenario: { type: 'string' },
  strategy: { type: 'string', default: 'all' },
  json: { type: 'boolean', default: false },
  seed: { type: 'string' },
  days: { type: 'string' },
} as const;

/** Runs a scenario with each strategy. @returns results in the order of `strategies` */
export type SimulateAll = (
  scenario: Scenario,
  strategies: readonly StrategyName[],
) => Promise<readonly SimulationResult[]>;

/** @returns the exit code: 0 done, 2 wrong usage, 78 invalid scenario */
export const run = (args: readonly string[], output: Output, simulateAll: SimulateAll): Promise<number> =>
  runCommand({ usage, options }, args, output, async ({ scenario: file, strategy, seed, days, json }) => {
    if (file === undefined) throw new WrongUsage('--scenario is missing');
    const chosen = oneOf('--strategy', strategy, ['all', ...strategyNames]);
    const strategies = chosen === 'all' ? strategyNames : [chosen];
    try {
      const scenario = scenarioOf(file, {
        ...(seed !== undefined && { seed: wholeNumberOf('--seed', seed, 0) }),
        ...(days !== undefined && { days: numberOf('--days', days, 0, 1_000) }),
      });
      const results = await simulateAll(scenario, strategies);
      const named = strategies.map((name, index) => [name, results[index] as SimulationResult] as const);
      output.out(
        json
          ? JSON.stringify(
              { seed: scenario.seed, days: scenario.days, strategies: Object.fromEntries(named) },
              undefined,
              2,
            )
          : comparison(named),
      );
      return 0;
    } catch (error) {
      if (!(error instanceof WrongScenario)) throw error;
      output.error(error.message);
      return configExitCode;
    }
  });

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
