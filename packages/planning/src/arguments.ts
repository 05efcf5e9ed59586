import { kindNames, type SyncKind } from '@paceline/shared/definition';
import { parseArgs } from 'node:util';
import { duration } from '@paceline/shared/config';
import type { Promised } from './core/plan.ts';

/** What the command is asked for. */
export interface Arguments {
  /** Judges the first design's figures instead of the configured slots. */
  readonly design: boolean;
  readonly json: boolean;
  /** Only says how it is called. */
  readonly help: boolean;
  /** Events within the hour and within 48 hours. */
  readonly things: { readonly near?: number; readonly far?: number };
  readonly promises: readonly Promised[];
}

/** The command was called wrongly; says how it is meant. */
export class WrongUsage extends Error {
  override name = 'WrongUsage';
}

export const usage = `npm run plan -- [--design] [--near N] [--far N] [--promise KIND=TIME …] [--json]

Judges the slots of the configuration before they are used.

  --design             judges the first design's figures instead
  --near N             events that start within the hour in the evening; else 37
  --far N              events that start within 48 hours; else 310
  --promise KIND=TIME  how often each club (rider) or event (near, far) is to be refreshed at the least:
                       a time such as 15m, or "cycle": once from slot to slot; may be repeated
  --json               findings, forecast and the repaired plan, for programs; moments and times in ms

Exit code 0: no errors. 1: errors. 2: called wrongly. 78: the configuration is wrong.`;

/** @throws {WrongUsage} saying what is wrong with them */
export function readArguments(args: readonly string[]): Arguments {
  const { design, json, help, near, far, promise } = parse(args);
  return {
    design,
    json,
    help,
    things: {
      ...(near !== undefined && { near: number('--near', near) }),
      ...(far !== undefined && { far: number('--far', far) }),
    },
    promises: promise.map(promised),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        design: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        near: { type: 'string' },
        far: { type: 'string' },
        promise: { type: 'string', multiple: true, default: [] },
      },
    }).values;
  } catch (error) {
    throw new WrongUsage(`${(error as Error).message}\n\n${usage}`);
  }
}

function number(name: string, text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new WrongUsage(`${name} must be a number up to 99999\n\n${usage}`);
  return Number(text);
}

function promised(text: string): Promised {
  const [kind = '', time = ''] = text.split('=');
  const within = time === 'cycle' ? time : duration.safeParse(time).data;
  if (!isKind(kind) || !within)
    throw new WrongUsage(`--promise must look like near=15m or far=cycle\n\n${usage}`);
  return { kind, within };
}

const isKind = (text: string): text is SyncKind => kindNames.some((kind) => kind === text);
