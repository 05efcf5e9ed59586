import { parseArgs } from 'node:util';

export interface Arguments {
  /** Of project time. */
  readonly hours: number;
  readonly scale: number;
  /** Where the page is written; undefined: it is only shown. */
  readonly out: string | undefined;
  /** Where all that was measured is written; undefined: nowhere. */
  readonly save: string | undefined;
  readonly help: boolean;
}

/** The command was called wrongly; says how it is meant. */
export class WrongUsage extends Error {
  override name = 'WrongUsage';
}

export const usage = `npm run soak -- [--hours N] [--scale N] [--out FILE] [--save FILE]

Runs the whole system under load with short retention, and says whether anything in it still grows: memory, handles, threads,
tables, streams, files.

  --hours N   of project time; 432 unless told: 18 days
  --scale N   how much faster than we it lives; 900 unless told: a day in 96 seconds
  --out FILE  where the page is written too
  --save FILE where all that was measured is written, as JSON

Exit code 0: all is flat. 1: something grows, or has ended. 2: called wrongly.`;

/** @throws {WrongUsage} saying what is wrong with them */
export function readArguments(args: readonly string[]): Arguments {
  const { hours, scale, out, save, help } = parse(args);
  return { hours: number('--hours', hours), scale: number('--scale', scale), out, save, help };
}

function parse(args: readonly string[]) {
  try {
    const options = {
      hours: { type: 'string', default: '432' },
      scale: { type: 'string', default: '900' },
      out: { type: 'string' },
      save: { type: 'string' },
      help: { type: 'boolean', default: false },
    } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new WrongUsage(`${(error as Error).message}\n\n${usage}`);
  }
}

function number(name: string, text: string): number {
  if (!/^\d{1,5}(\.\d+)?$/.test(text) || Number(text) <= 0) {
    throw new WrongUsage(`${name} must be a number above 0\n\n${usage}`);
  }
  return Number(text);
}
