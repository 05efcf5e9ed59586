import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import type { Api } from '@paceline/client';
import { missingArgument, unexpectedArgument, UsageError } from './core/usage.ts';
import type { OutputStream, Screen } from './screen.ts';

/** What a process provides: the CLI itself touches no global. */
export interface CliEnvironment {
  readonly env: NodeJS.ProcessEnv;
  readonly output: OutputStream;
  readonly errorOutput: OutputStream;
  /** The content of a file, or of stdin for `-`. */
  read(file: string): Promise<string>;
  readonly signal: AbortSignal;
}

export interface Context extends CliEnvironment {
  readonly api: Api;
  readonly screen: Screen;
  readonly json: boolean;
  /** Prints a JSON document, on one line when several follow each other. */
  printJson(value: unknown, format?: 'line'): void;
  /** Prints a line to stderr. */
  warn(text: string): void;
}

/** 69: a service is not available, as in `sysexits.h`. */
type ExitStatus = 0 | 1 | 69;

export interface Subcommand {
  readonly usage: string;
  readonly summary: string;
  readonly details?: string;
  /** Positional arguments: `[NAME]` is optional, `NAME …` and `[NAME …]` can be repeated, `A|B` is one of two. */
  readonly takes: readonly string[];
  readonly options: ParseArgsOptionsConfig;
  /** The values of a placeholder, such as `KIND` of `--kind=KIND`. */
  readonly choices: Readonly<Record<string, readonly string[]>>;
  run(args: readonly string[], context: Context): Promise<ExitStatus>;
}

type OptionValues<O extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ options: O }>>['values'];

interface Definition<O extends ParseArgsOptionsConfig> extends Partial<Omit<Subcommand, 'run' | 'options'>> {
  readonly usage: string;
  readonly summary: string;
  readonly options?: O;
  run(args: readonly string[], context: Context, values: OptionValues<O>): Promise<ExitStatus>;
}

export const text = { type: 'string' } as const;
export const flag = { type: 'boolean', default: false } as const;
export const texts = { type: 'string', multiple: true, default: [] as string[] } as const;

export function defineCommand<const O extends ParseArgsOptionsConfig = Record<never, never>>(
  definition: Definition<O>,
): Subcommand {
  const { takes = [], options = {} as O, choices = {}, run } = definition;
  return {
    ...definition,
    takes,
    options,
    choices,
    run(args, context) {
      const { values, positionals } = parse(args, options);
      const missing = takes[positionals.length];
      if (missing !== undefined && !missing.startsWith('[')) throw missingArgument(missing);
      const surplus = /…\]?$/.test(takes.at(-1) ?? '') ? undefined : positionals[takes.length];
      if (surplus !== undefined) throw unexpectedArgument(surplus);
      return run(positionals, context, values as OptionValues<O>);
    },
  };
}

function parse<O extends ParseArgsOptionsConfig>(args: readonly string[], options: O) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    // Only the first sentence: the advice after it is about arguments that start with a dash.
    throw new UsageError((error as Error).message.split('. ')[0]);
  }
}
