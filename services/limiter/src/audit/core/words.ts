import type { Policy } from '@paceline/shared/contracts';

/** A moment as people read it: `2026-11-24 18:24:31.402`. */
export const when = (at: number): string => new Date(at).toISOString().replace('T', ' ').replace('Z', '');

const units = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** A span in the largest unit that it fills: `1.5 h`, `1 min`, `0.4 s`. */
export function howLong(ms: number): string {
  const [name, size] = units.find(([, each]) => ms >= each) ?? units[2];
  return `${Number((ms / size).toFixed(3))} ${name}`;
}

/** `5 per 1 min` */
export const rate = ({ limit, windowMs }: Policy): string => `${limit} per ${howLong(windowMs)}`;

/** `1 call`, `2 calls` */
export const count = (number: number, thing: string): string =>
  `${number} ${thing}${number === 1 ? '' : 's'}`;

/** The first few, and how many more there are. */
export function listed(names: readonly string[], shown = 5): string {
  const more = names.length - shown;
  return names.slice(0, shown).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
