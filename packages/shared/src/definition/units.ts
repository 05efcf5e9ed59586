const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const shape = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** Parses a duration such as `15m`, `90s` or `6h` to ms; undefined when it isn't one. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = shape.exec(text.trim()) ?? [];
  return amount === undefined ? undefined : Number(amount) * units[unit as keyof typeof units];
}

/** A duration of the definition in ms. @throws {Error} when it isn't one */
export function durationMs(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new Error(`"${text}" in the definition is not a duration such as "15m"`);
  return ms;
}

/** Parses `10 per 60m`, its window to ms; undefined when it isn't a limit. */
export function parseLimit(text: string): { limit: number; windowMs: number } | undefined {
  const [, limit, window = ''] = /^([1-9]\d*) per (\S+)$/.exec(text.trim()) ?? [];
  const windowMs = parseDuration(window);
  return limit === undefined || !windowMs ? undefined : { limit: Number(limit), windowMs };
}

/** Maps the values of a record. */
export const mapValues = <Name extends string, From, To>(
  record: Readonly<Record<Name, From>>,
  to: (value: From, name: Name) => To,
): Record<Name, To> =>
  Object.fromEntries(
    Object.entries<From>(record).map(([name, value]) => [name, to(value, name as Name)]),
  ) as Record<Name, To>;
