import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import type { Api } from '@paceline/client';
import { unexpected, UsageError } from './core/usage.ts';
import type { OutputStream, Screen } from './screen.ts';

export interface CliEnvironment {
  readonly env: NodeJS.ProcessEnv;
  readonly output: OutputStream;
  readonly errors: OutputStream;
  /** All of a file, or with `-` of what is piped in. */
  read(file: string): Promise<string>;
  readonly signal: AbortSignal;
}

export interface Context extends CliEnvironment {
  readonly api: Api;
  readonly screen: Screen;
  readonly json: boolean;
  /** Writes a document, on one line when there may be several. */
  document(value: unknown, oneOfSeveral?: 'line'): void;
  say(text: string): void;
}

type ExitStatus = 0 | 1;

export interface Subcommand {
  readonly usage: string;
  readonly about: string;
  readonly more?: string;
  run(args: readonly string[], context: Context): Promise<ExitStatus>;
}

type OptionValues<O extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ options: O }>>['values'];

interface Definition<O extends ParseArgsOptionsConfig> extends Omit<Subcommand, 'run'> {
  /** The arguments beside the options: `[NAME]` may be left out, `NAME …` and `[NAME …]` may be repeated. */
  readonly takes?: readonly string[];
  readonly options?: O;
  run(given: readonly string[], context: Context, values: OptionValues<O>): Promise<ExitStatus>;
}

export const text = { type: 'string' } as const;
export const flag = { type: 'boolean', default: false } as const;
export const texts = { type: 'string', multiple: true, default: [] as string[] } as const;

export function defineCommand<const O extends ParseArgsOptionsConfig = Record<never, never>>(
  definition: Definition<O>,
): Subcommand {
  const { takes = [], options, run } = definition;
  return {
    ...definition,
    run(args, context) {
      const { values, positionals } = parse(args, options ?? ({} as O));
      const missing = takes[positionals.length];
      if (missing !== undefined && !missing.startsWith('[')) throw new UsageError(`${missing} is missing`);
      const surplus = /…\]?$/.test(takes.at(-1) ?? '') ? undefined : positionals[takes.length];
      if (surplus !== undefined) throw unexpected(surplus);
      return run(positionals, context, values as OptionValues<O>);
    },
  };
}

function parse<O extends ParseArgsOptionsConfig>(args: readonly string[], options: O) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
