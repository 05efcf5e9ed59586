import { budgetNames } from '@paceline/shared/definition';

/** The command line is wrong; the CLI prints the usage of the command and exits with 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

export const unexpectedArgument = (argument: string): UsageError =>
  new UsageError(`Unexpected argument "${argument}"`);

export const missingArgument = (name: string): UsageError => new UsageError(`Missing argument: ${name}`);

/** An option with a fixed set of values; undefined when absent. @throws {UsageError} */
export function oneOf<T extends string>(
  name: string,
  value: string | undefined,
  values: readonly T[],
): T | undefined {
  const found = values.find((each) => each === value);
  if (value !== undefined && found === undefined)
    throw new UsageError(`${name} must be one of ${values.join(', ')}`);
  return found;
}

/** A budget: one of the syncs, or `weather:day` of another upstream, which the API knows. */
export const isBudget = (name: string): boolean =>
  budgetNames.some((each) => each === name) || /^[a-z]\w*:[a-z]\w*$/.test(name);

/** A whole number; undefined when absent. @throws {UsageError} */
export function wholeNumber(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value)) throw new UsageError(`${name} must be a whole number`);
  return Number(value);
}

/** @param thing with its article: `a rider` @throws {UsageError} */
export function idOf(thing: string, value = ''): number {
  if (!/^\d{1,10}$/.test(value)) throw new UsageError(`"${value}" is not the id of ${thing}`);
  return Number(value);
}
