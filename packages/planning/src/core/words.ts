import type { Slot } from '@paceline/shared/contracts';

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

/** `10`, or `9 to 12` */
export const range = (fewest: number, most: number): string =>
  fewest === most ? String(most) : `${fewest} to ${most}`;
