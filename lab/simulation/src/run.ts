import { readFileSync } from 'node:fs';
import { numberOf, oneOf, type Output, runCommand, wholeNumberOf, WrongUsage } from '@paceline/kit/arguments';
import { configExitCode } from '@paceline/shared/config';
import type { Result } from './core/result.ts';
import { readScenario, type Scenario, WrongScenario } from './core/scenario.ts';
import { type StrategyName, strategyNames } from './core/simulate.ts';
import { comparison } from './core/table.ts';

const usage = `npm run simulate -- --scenario FILE [--strategy all|NAME] [--seed N] [--days N] [--json]

Lives through a scenario on a virtual clock, with the real cores and the sandbox, and tells what came of it.

  --scenario FILE  what is lived through: a file of lab/simulation/scenarios, or one like these
  --strategy NAME  how the calls are shared out: ${strategyNames.join(', ')}; default all of them
  --seed N         another world and other chance than the scenario's
  --days N         longer or shorter than the scenario
  --json           the results, for programs; spans in ms, shares from 0 to 1

Exit code 0: done. 2: called wrongly. 78: the scenario is wrong.`;

const options = {
  scenario: { type: 'string' },
  strategy: { type: 'string', default: 'all' },
  json: { type: 'boolean', default: false },
  seed: { type: 'string' },
  days: { type: 'string' },
} as const;

/** Lives through a scenario by each of the strategies; the results in their order. */
export type SimulateAll = (
  scenario: Scenario,
  strategies: readonly StrategyName[],
) => Promise<readonly Result[]>;

/** @returns the exit code: 0 done, 2 called wrongly, 78 the scenario is wrong */
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
      const named = strategies.map((name, index) => [name, results[index] as Result] as const);
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

/** @param instead of what the file says */
function scenarioOf(file: string, instead: Readonly<Record<string, number>>): Scenario {
  const json = parsed(file);
  return readScenario(typeof json === 'object' && json !== null ? { ...json, ...instead } : json);
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    throw new WrongScenario([`${file} can't be read: ${(error as Error).message}`]);
  }
}
