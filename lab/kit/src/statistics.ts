export const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0);

export const mean = (values: readonly number[]): number => sum(values) / values.length;

/** The value below which a share (0…1) of them lies; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** How often each of the items is there. */
export function countsOf(items: readonly string[]): Record<string, number> {
  const groups = Map.groupBy(items, (item) => item);
  return Object.fromEntries([...groups].map(([item, all]) => [item, all.length]));
}
