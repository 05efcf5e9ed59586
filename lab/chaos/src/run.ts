import { writeFile } from 'node:fs/promises';
import { numberOf, oneOf, type Output, runCommand, wholeNumberOf, WrongUsage } from '@paceline/kit/arguments';
import { limitsOf } from '@paceline/shared/upstreams';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { crewOf, type Fault, faultKinds, describeFault } from './core/fault.ts';
import { plan, type PlanOptions } from './core/plan.ts';
import { page, report, describeViolations } from './core/report.ts';
import { hasPassed } from './core/verdict.ts';
import { runSeed, type SeedResult } from './run-seed.ts';

const usage = `npm run lab -- chaos [--seed N | --seeds 1-20] [--virtual-hours H] [--scale S] [--faults a,b] [--plan] [--json] [--write FILE]

Starts the whole system as real processes, breaks it under load by a seeded schedule of faults, heals it, waits until it
is at rest, and checks the invariants.

  --seed N, --seeds A-B   seeds of the fault schedules (default 1)
  --lanes N               seeds run in parallel (default 1, max 8)
  --virtual-hours H       duration of the load in project time (default 1)
  --scale S               speed of project time relative to real time (default 120)
  --faults a,b            only these kinds of fault: ${faultKinds.join(', ')}
  --brokers N             one broker (1) or a cluster (3, default)
  --replicas LIST         processes of each service (default limiter=2,rider-sync=2,event-sync=2)
  --plan                  only print the faults and their times
  --json                  print the verdicts as JSON; times in real ms
  --quiet                 print no progress
  --write FILE            also write the report to a Markdown file

Exit codes: 0 every invariant held, 1 violations (logs are kept), 2 wrong usage.`;

const options = {
  seed: { type: 'string' },
  seeds: { type: 'string' },
  lanes: { type: 'string', default: '1' },
  'virtual-hours': { type: 'string', default: '1' },
  scale: { type: 'string', default: '120' },
  faults: { type: 'string' },
  brokers: { type: 'string', default: '3' },
  replicas: { type: 'string', default: 'limiter=2,rider-sync=2,event-sync=2' },
  plan: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  quiet: { type: 'boolean', default: false },
  write: { type: 'string' },
} as const;

/** @returns the exit code: 0 every law kept, 1 a law violated, 2 wrong usage */
export const run = (args: readonly string[], output: Output): Promise<number> =>
  runCommand({ usage, options }, args, output, async (given) => {
    if (given.seed !== undefined && given.seeds !== undefined)
      throw new WrongUsage("--seed and --seeds can't be combined");
    const seeds = seedsOf(given.seeds ?? given.seed ?? '1');
    const trial: Trial = {
      virtualHours: numberOf('--virtual-hours', given['virtual-hours'], 0.1, 1_000),
      scale: numberOf('--scale', given.scale, 2, 1_000),
      kinds: given.faults?.split(',').map((each) => oneOf('--faults', each, faultKinds)) ?? faultKinds,
      crew: crewOf(
        given.replicas,
        wholeNumberOf('--brokers', given.brokers, 1, 3),
        limitsOf(loadUpstreams(process.env).zwiftracing.budgets, 'standard'),
      ),
      replicas: given.replicas,
    };
    const lanes = wholeNumberOf('--lanes', given.lanes, 1, 8);
    if (given.plan) {
      output.out(seeds.map((seed) => describePlan(seed, plan({ ...trial, seed }))).join('\n\n'));
      return 0;
    }
    const results = await runAll(trial, seeds, lanes, {
      ...output,
      progress: given.quiet ? () => undefined : output.error,
    });
    output.out(given.json ? JSON.stringify(results, undefined, 2) : report(results));
    const range = seeds.length === 1 ? String(seeds[0]) : `${seeds[0]}-${seeds.at(-1)}`;
    const command = `${commandFor(trial, range)}${lanes === 1 ? '' : ` --lanes ${lanes}`}`;
    if (given.write !== undefined) await writeFile(given.write, page(command, results));
    return results.every(hasPassed) ? 0 : 1;
  });

/** Options shared by all seeds. */
interface Trial extends Omit<PlanOptions, 'seed'> {
  /** As `PACELINE_REPLICAS`. */
  readonly replicas: string;
}

function seedsOf(text: string): number[] {
  const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === undefined || to < from) throw new WrongUsage('--seeds must look like 1-20, --seed like 7');
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

const describePlan = (seed: number, faults: readonly Fault[]): string =>
  [`Seed ${seed}`, ...faults.map(describeFault)].join('\n');

async function runAll(
  trial: Trial,
  seeds: readonly number[],
  lanes: number,
  { error, progress }: Output & { progress(line: string): void },
): Promise<SeedResult[]> {
  const results: SeedResult[] = [];
  const waiting = seeds.values();
  const lane = async () => {
    for (const seed of waiting) {
      const faults = plan({ ...trial, seed });
      const result = await runSeed({ ...trial, seed, faults, progress });
      results.push(result);
      if (hasPassed(result)) progress(`seed ${seed} passed: ${faults.length} faults`);
      else error(describeViolations(result, commandFor(trial, String(seed)), result.folder));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results.toSorted((a, b) => a.seed - b.seed);
}

/** The command that repeats the run. */
function commandFor({ virtualHours, scale, kinds, crew, replicas }: Trial, seeds: string): string {
  const only = kinds.length === faultKinds.length ? '' : ` --faults ${kinds.join(',')}`;
  return `npm run lab -- chaos --seeds ${seeds} --virtual-hours ${virtualHours} --scale ${scale} --brokers ${crew.brokers.length} --replicas ${replicas}${only}`;
}
