import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

/** The command was called wrongly; says how. */
export class WrongUsage extends Error {
  override name = 'WrongUsage';
}

type Values<O extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: O; allowPositionals: true }>
>['values'];

/** A few of what Node calls an option. */
export const text = { type: 'string' } as const;
export const flag = { type: 'boolean', default: false } as const;
export const texts = { type: 'string', multiple: true, default: [] as string[] } as const;

/**
 * @param names of what has to stand there beside the options; the last may be repeated when it ends in `…`
 * @throws {WrongUsage}
 */
export function readArguments<const O extends ParseArgsOptionsConfig>(
  args: readonly string[],
  names: readonly string[],
  options: O,
): { values: Values<O>; given: string[] } {
  const { values, positionals } = parse(args, options);
  const missing = names[positionals.length];
  if (missing !== undefined) throw new WrongUsage(`${missing} is missing`);
  const surplus = names.at(-1)?.endsWith('…') ? undefined : positionals[names.length];
  if (surplus !== undefined) throw new WrongUsage(`"${surplus}" is too much`);
  return { values, given: positionals };
}

function parse<const O extends ParseArgsOptionsConfig>(args: readonly string[], options: O) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new WrongUsage((error as Error).message);
  }
}

/** One of a few words, or none. @throws {WrongUsage} */
export function oneOf<T extends string>(
  name: string,
  value: string | undefined,
  words: readonly T[],
): T | undefined {
  const found = words.find((word) => word === value);
  if (value !== undefined && found === undefined) {
    throw new WrongUsage(`${name} must be one of ${words.join(', ')}`);
  }
  return found;
}

/** A whole number, or none. @throws {WrongUsage} */
export function wholeNumber(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value)) throw new WrongUsage(`${name} must be a whole number`);
  return Number(value);
}
