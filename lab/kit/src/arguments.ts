import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

export interface Output {
  /** The result. */
  out(text: string): void;
  /** Progress and errors. */
  error(text: string): void;
}

export const terminal: Output = {
  out: (text) => void process.stdout.write(`${text}\n`),
  error: (text) => void process.stderr.write(`${text}\n`),
};

export class WrongUsage extends Error {
  override name = 'WrongUsage';
}

interface CommandSpec<Options extends ParseArgsOptionsConfig> {
  /** Synopsis, options and exit codes. */
  readonly usage: string;
  readonly options: Options;
  readonly allowPositionals?: boolean;
}

type Values<Options extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: Options }>
>['values'];

/** Runs a command, which can throw `WrongUsage`; prints the usage for --help. @returns the exit code, 2 for wrong usage */
export async function runCommand<const Options extends ParseArgsOptionsConfig>(
  { usage, options, allowPositionals = false }: CommandSpec<Options>,
  args: readonly string[],
  output: Output,
  run: (values: Values<Options>, positionals: readonly string[]) => number | Promise<number>,
): Promise<number> {
  try {
    const { values, positionals } = parse(args, { help: { type: 'boolean' }, ...options }, allowPositionals);
    if (values['help'] === true) {
      output.out(usage);
      return 0;
    }
    return await run(values as Values<Options>, positionals);
  } catch (error) {
    if (!(error instanceof WrongUsage)) throw error;
    output.error(`${error.message}\n\n${usage}`);
    return 2;
  }
}

function parse(args: readonly string[], options: ParseArgsOptionsConfig, allowPositionals: boolean) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals });
  } catch (error) {
    throw new WrongUsage((error as Error).message);
  }
}

/** @throws {WrongUsage} unless the text is a number from `min` to `max` */
export function numberOf(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= min && value <= max))
    throw new WrongUsage(`${option} must be a number from ${min} to ${max}`);
  return value;
}

/** @throws {WrongUsage} unless the text is a whole number from `min` to `max` */
export function wholeNumberOf(option: string, text: string, min: number, max = 999_999_999): number {
  const value = numberOf(option, text, min, max);
  if (!Number.isInteger(value)) throw new WrongUsage(`${option} must be a whole number`);
  return value;
}

/** @throws {WrongUsage} unless the text is one of the names */
export function oneOf<Name extends string>(option: string, text: string, names: readonly Name[]): Name {
  const name = names.find((each) => each === text.trim());
  if (name === undefined) throw new WrongUsage(`${option} must be one of ${names.join(', ')}`);
  return name;
}
