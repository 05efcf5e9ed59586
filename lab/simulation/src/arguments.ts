import { parseArgs } from 'node:util';
import { type StrategyName, strategyNames } from './core/simulate.ts';

/** What the command is asked for. */
export interface Arguments {
  readonly scenario: string;
  readonly strategies: readonly StrategyName[];
  readonly json: boolean;
  /** Only says how it is called. */
  readonly help: boolean;
  /** Instead of the scenario's own. */
  readonly instead: { readonly seed?: number; readonly days?: number };
}

/** The command was called wrongly; says how it is meant. */
export class WrongUsage extends Error {
  override name = 'WrongUsage';
}

export const usage = `npm run simulate -- --scenario FILE [--strategy all|NAME] [--seed N] [--days N] [--json]

Lives through a scenario on a virtual clock, with the real cores and the sandbox, and tells what came of it.

  --scenario FILE  what is lived through: a file of lab/simulation/scenarios, or one like these
  --strategy NAME  how the calls are shared out: ${strategyNames.join(', ')}; else all of them
  --seed N         another world and other chance than the scenario's
  --days N         longer or shorter than the scenario
  --json           the results, for programs; spans in ms, shares from 0 to 1

Exit code 0: done. 2: called wrongly. 78: the scenario is wrong.`;

/** @throws {WrongUsage} saying what is wrong with them */
export function readArguments(args: readonly string[]): Arguments {
  const { scenario, strategy, json, help, seed, days } = parse(args);
  if (help) return { scenario: '', strategies: [], json, help, instead: {} };
  if (scenario === undefined) throw new WrongUsage(`--scenario is missing\n\n${usage}`);
  return {
    scenario,
    strategies: strategiesOf(strategy),
    json,
    help,
    instead: {
      ...(seed !== undefined && { seed: number('--seed', seed, /^\d{1,9}$/) }),
      ...(days !== undefined && { days: number('--days', days, /^\d{1,3}(\.\d+)?$/) }),
    },
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        scenario: { type: 'string' },
        strategy: { type: 'string', default: 'all' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        seed: { type: 'string' },
        days: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new WrongUsage(`${(error as Error).message}\n\n${usage}`);
  }
}

function strategiesOf(text: string): readonly StrategyName[] {
  if (text === 'all') return strategyNames;
  const name = strategyNames.find((each) => each === text);
  if (!name) throw new WrongUsage(`--strategy must be all or one of ${strategyNames.join(', ')}\n\n${usage}`);
  return [name];
}

function number(name: string, text: string, shape: RegExp): number {
  if (!shape.test(text)) throw new WrongUsage(`${name} must be a number\n\n${usage}`);
  return Number(text);
}
