import { parseArgs } from 'node:util';
import { type FaultKind, faultKinds } from './core/fault.ts';

/** What the command is asked for. */
export interface Arguments {
  readonly seeds: readonly number[];
  /** How many of them are tried at a time. */
  readonly lanes: number;
  readonly virtualHours: number;
  readonly scale: number;
  readonly kinds: readonly FaultKind[];
  readonly brokers: number;
  /** As `PACELINE_REPLICAS`. */
  readonly replicas: string;
  /** Only says what would be broken, and when. */
  readonly plan: boolean;
  readonly json: boolean;
  /** Where the table is written. */
  readonly write: string | undefined;
  readonly quiet: boolean;
  readonly help: boolean;
}

/** The command was called wrongly; says how it is meant. */
export class WrongUsage extends Error {
  override name = 'WrongUsage';
}

export const usage = `npm run chaos -- [--seed N | --seeds 1-20] [--virtual-hours H] [--scale S] [--faults a,b] [--plan] [--json] [--write FILE]

Starts the whole system as real processes, breaks it under load as the seed says, heals it, lets it come to rest, and
judges what came of it.

  --seed N, --seeds A-B   which schedules of faults; 1 unless told
  --lanes N               how many of them at a time; 1 unless told
  --virtual-hours H       how long it is under load, of project time; 1 unless told
  --scale S               how many times faster than real time it lives; 120 unless told
  --faults a,b            only these kinds: ${faultKinds.join(', ')}
  --brokers N             a broker (1) or a cluster (3, unless told)
  --replicas LIST         how many processes of each service: limiter=2,rider-sync=2,event-sync=2 unless told
  --plan                  only tells what would be broken, and when
  --json                  the verdicts, for programs; times in real ms
  --quiet                 tells nothing while it runs
  --write FILE            writes the table there, as Markdown

Exit code 0: every law held. 1: one was broken; the logs are kept. 2: called wrongly.`;

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
  help: { type: 'boolean', default: false },
} as const;

/** @throws {WrongUsage} saying what is wrong with them */
export function readArguments(args: readonly string[]): Arguments {
  const { seed, seeds, faults, ...given } = parse(args);
  if (seed !== undefined && seeds !== undefined) throw wrong('--seed and --seeds exclude each other');
  return {
    seeds: seedsOf(seeds ?? seed ?? '1'),
    lanes: number('--lanes', given.lanes, 1, 8),
    virtualHours: number('--virtual-hours', given['virtual-hours'], 0.1, 1_000),
    scale: number('--scale', given.scale, 2, 1_000),
    kinds: faults === undefined ? faultKinds : faults.split(',').map(kindOf),
    brokers: number('--brokers', given.brokers, 1, 3),
    replicas: given.replicas,
    plan: given.plan,
    json: given.json,
    quiet: given.quiet,
    write: given.write,
    help: given.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw wrong((error as Error).message);
  }
}

function seedsOf(text: string): number[] {
  const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === undefined || to < from) throw wrong('--seeds must look like 1-20, --seed like 7');
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function kindOf(text: string): FaultKind {
  const kind = faultKinds.find((each) => each === text.trim());
  if (!kind) throw wrong(`--faults: there is no ${text}`);
  return kind;
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text === '' || !(value >= least && value <= most))
    throw wrong(`${name} must be a number from ${least} to ${most}`);
  return value;
}

const wrong = (problem: string) => new WrongUsage(`${problem}\n\n${usage}`);
