import type { Policy } from '../contracts/index.ts';

const units = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/**
 * A span in the unit that suits it: `19.6 h`, `57 min`, `45 s`. Under two hours it is told in minutes.
 * @param digits of what is smaller than the unit
 */
export function howLong(ms: number, digits = 1): string {
  if (ms === Infinity) return 'never';
  const [name, size] = units.find(([unit, each]) => ms >= (unit === 'h' ? 2 * each : each)) ?? units[2];
  return `${Number((ms / size).toFixed(digits))} ${name}`;
}

/** `1 call`, `2 calls` */
export const count = (number: number, thing: string): string =>
  `${number} ${thing}${number === 1 ? '' : 's'}`;

/** `1 call per 60 min` */
export const rate = ({ limit, windowMs }: Policy): string =>
  `${count(limit, 'call')} per ${howLong(windowMs)}`;
