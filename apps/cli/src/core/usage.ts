export class UsageError extends Error {
  override name = 'WrongUsage';
}

export const unexpected = (argument: string): UsageError =>
  new UsageError(`Unexpected argument "${argument}"`);

/** One of a few words, or none. @throws {UsageError} */
export function oneOf<T extends string>(
  name: string,
  value: string | undefined,
  words: readonly T[],
): T | undefined {
  const found = words.find((word) => word === value);
  if (value !== undefined && found === undefined)
    throw new UsageError(`${name} must be one of ${words.join(', ')}`);
  return found;
}

/** A whole number, or none. @throws {UsageError} */
export function wholeNumber(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value)) throw new UsageError(`${name} must be a whole number`);
  return Number(value);
}
