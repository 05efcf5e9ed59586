import { parseArgs } from 'node:util';
import { allPartitions } from '@paceline/shared/limiter';

/** What the command is asked for. */
export interface Arguments {
  /** One partition, or all. */
  readonly partitions: readonly number[];
  /** Reads a stored journal instead of the broker's. */
  readonly file: string | undefined;
  /** Stores the journal that was read. */
  readonly save: string | undefined;
  /** The root of a sandbox, whose log tells what arrived. */
  readonly sandbox: string | undefined;
  readonly json: boolean;
}

/** Whatever keeps the command from judging at all, in plain words. */
export class CannotAudit extends Error {
  override name = 'CannotAudit';
}

export const usage = `npm run audit:journal -- [--partition N] [--file F | --save F] [--sandbox URL] [--json]

  --partition N   one of the eight journals, 0 to 7; else all
  --file F        judges a stored journal instead of the broker's
  --save F        stores the journal that is judged, one entry a line
  --sandbox URL   also holds it against what arrived there, e.g. http://127.0.0.1:3010
  --json          the whole certificate, for programs

Exit code 0: certified. 1: not certified. 78: it could not be judged.`;

/** @throws {CannotAudit} naming what is wrong with them */
export function readArguments(args: readonly string[]): Arguments {
  const { partition, file, save, sandbox, json } = parse(args);
  if (partition !== undefined && !allPartitions.some((each) => String(each) === partition)) {
    throw new CannotAudit(`--partition is one of ${allPartitions.join(', ')}`);
  }
  if (file !== undefined && save !== undefined) throw new CannotAudit('--file and --save exclude each other');
  if (sandbox !== undefined && !/^https?:$/.test(URL.parse(sandbox)?.protocol ?? '')) {
    throw new CannotAudit('--sandbox must be an http(s) URL');
  }
  return {
    partitions: partition === undefined ? allPartitions : [Number(partition)],
    file,
    save,
    sandbox,
    json,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        partition: { type: 'string' },
        file: { type: 'string' },
        save: { type: 'string' },
        sandbox: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new CannotAudit(`${(error as Error).message}\n\n${usage}`);
  }
}
