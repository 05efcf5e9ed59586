import type { Policy, Slot } from '@paceline/shared/contracts';

/** Says moments (project ms) as the clocks of a time zone do. */
export interface Wall {
  /** `Thu 26 Nov 00:25` */
  moment(at: number): string;
  /** `00:25–00:37` */
  slot(slot: Slot): string;
}

export function wallOf(timeZone: string): Wall {
  const day = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
  });
  const time = new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'short' });
  return {
    moment: (at) => `${day.format(at).replace(',', '')} ${time.format(at)}`,
    slot: ({ scheduledFor, endsAt }) => `${time.format(scheduledFor)}–${time.format(endsAt)}`,
  };
}

const units = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** A span in the unit that suits it: `19.6 h`, `57 min`, `45 s`. Under two hours it is told in minutes. */
export function howLong(ms: number): string {
  if (ms === Infinity) return 'never';
  const [name, size] = units.find(([unit, each]) => ms >= (unit === 'h' ? 2 * each : each)) ?? units[2];
  return `${Number((ms / size).toFixed(1))} ${name}`;
}

/** `1 call per 60 min` */
export const rate = ({ limit, windowMs }: Policy): string =>
  `${count(limit, 'call')} per ${howLong(windowMs)}`;

/** `1 call`, `2 calls` */
export const count = (number: number, thing: string): string =>
  `${number} ${thing}${number === 1 ? '' : 's'}`;

/** `10`, or `9 to 12` */
export const range = (fewest: number, most: number): string =>
  fewest === most ? String(most) : `${fewest} to ${most}`;
