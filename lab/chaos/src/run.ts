import { writeFile } from 'node:fs/promises';
import { type Arguments, readArguments, usage, WrongUsage } from './arguments.ts';
import { crewOf } from './core/crew.ts';
import { faultKinds, tellFault } from './core/fault.ts';
import { page } from './core/page.ts';
import { plan } from './core/plan.ts';
import { report, tellBreaches } from './core/table.ts';
import { hasPassed } from './core/verdict.ts';
import { runSeed, type SeedResult } from './run-seed.ts';

/** Where the command writes. */
export interface Output {
  out(text: string): void;
  /** What happens, and what is wrong. */
  error(text: string): void;
}

/** @returns the exit code: 0 every law held, 1 one was broken, 2 called wrongly */
export async function run(args: readonly string[], output: Output): Promise<number> {
  try {
    const wanted = readArguments(args);
    if (wanted.help) output.out(usage);
    else if (wanted.plan) output.out(wanted.seeds.map((seed) => tellPlan(wanted, seed)).join('\n\n'));
    else return await runAll(wanted, output);
    return 0;
  } catch (error) {
    if (!(error instanceof WrongUsage)) throw error;
    output.error(error.message);
    return 2;
  }
}

const planOf = (wanted: Arguments, seed: number) =>
  plan({ ...wanted, seed, crew: crewOf(wanted.replicas, wanted.brokers) });

const tellPlan = (wanted: Arguments, seed: number): string =>
  [`Seed ${seed}`, ...planOf(wanted, seed).map(tellFault)].join('\n');

async function runAll(wanted: Arguments, { out, error }: Output): Promise<number> {
  const tell = wanted.quiet ? () => undefined : error;
  const results: SeedResult[] = [];
  const waiting = wanted.seeds.values();
  const lane = async () => {
    for (const seed of waiting) {
      const faults = planOf(wanted, seed);
      const crew = crewOf(wanted.replicas, wanted.brokers);
      const result = await runSeed({ ...wanted, seed, crew, faults, tell });
      results.push(result);
      if (hasPassed(result)) tell(`seed ${seed} passed: ${faults.length} faults`);
      else error(tellBreaches(result, commandFor(wanted, String(seed)), result.folder));
    }
  };
  await Promise.all(Array.from({ length: wanted.lanes }, lane));
  results.sort((a, b) => a.seed - b.seed);
  out(wanted.json ? JSON.stringify(results, undefined, 2) : report(results));
  const [first, last] = [wanted.seeds.at(0), wanted.seeds.at(-1)];
  const lanes = wanted.lanes === 1 ? '' : ` --lanes ${wanted.lanes}`;
  const command = `${commandFor(wanted, first === last ? String(first) : `${first}-${last}`)}${lanes}`;
  if (wanted.write !== undefined) await writeFile(wanted.write, page(command, results));
  return results.every(hasPassed) ? 0 : 1;
}

/** The command that does the same again. */
function commandFor({ virtualHours, scale, kinds, brokers, replicas }: Arguments, seeds: string): string {
  const only = kinds.length === faultKinds.length ? '' : ` --faults ${kinds.join(',')}`;
  return `npm run chaos -- --seeds ${seeds} --virtual-hours ${virtualHours} --scale ${scale} --brokers ${brokers} --replicas ${replicas}${only}`;
}
