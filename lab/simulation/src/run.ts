import { readFileSync } from 'node:fs';
import { configExitCode } from '@paceline/shared/config';
import { type Arguments, readArguments, usage, WrongUsage } from './arguments.ts';
import type { Result } from './core/measure/result.ts';
import { readScenario, type Scenario, WrongScenario } from './core/scenario.ts';
import type { StrategyName } from './core/simulate.ts';
import { table } from './core/table.ts';

/** Where the command writes. */
export interface Output {
  out(text: string): void;
  error(text: string): void;
}

/** Lives through a scenario by each of the strategies; the results in their order. */
export type SimulateAll = (
  scenario: Scenario,
  strategies: readonly StrategyName[],
) => Promise<readonly Result[]>;

/** @returns the exit code: 0 done, 2 called wrongly, 78 the scenario is wrong */
export async function run(
  args: readonly string[],
  output: Output,
  simulateAll: SimulateAll,
): Promise<number> {
  try {
    const wanted = readArguments(args);
    if (wanted.help) {
      output.out(usage);
      return 0;
    }
    const scenario = scenarioOf(wanted);
    const results = await simulateAll(scenario, wanted.strategies);
    const named = wanted.strategies.map((name, index) => [name, results[index] as Result] as const);
    const { seed, days } = scenario;
    output.out(
      wanted.json
        ? JSON.stringify({ seed, days, strategies: Object.fromEntries(named) }, undefined, 2)
        : table(named),
    );
    return 0;
  } catch (error) {
    if (!(error instanceof WrongUsage || error instanceof WrongScenario)) throw error;
    output.error(error.message);
    return error instanceof WrongUsage ? 2 : configExitCode;
  }
}

function scenarioOf({ scenario, instead }: Arguments): Scenario {
  const json = parsed(scenario);
  return readScenario(typeof json === 'object' && json !== null ? { ...json, ...instead } : json);
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    throw new WrongScenario([`${file} can't be read: ${(error as Error).message}`]);
  }
}
