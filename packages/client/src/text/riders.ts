import { count } from '@paceline/shared/words';
import type { Rider } from '../generated.ts';
import { dayOf } from './time.ts';

/** A number of a rider, or `–` when it is not known. */
export const numberText = (value: number | null, unit = '', digits = 0): string =>
  value === null ? '–' : `${value.toFixed(digits)}${unit === '' ? '' : ` ${unit}`}`;

/** `4.5 W/kg`; empty when one of both is not known. */
export const ftpPerKg = ({ zpFtp, weightKg }: Pick<Rider, 'zpFtp' | 'weightKg'>): string =>
  zpFtp === null || !weightKg ? '' : `${(zpFtp / weightKg).toFixed(1)} W/kg`;

/** `280 W, 4.5 W/kg` */
export const ftpText = (rider: Pick<Rider, 'zpFtp' | 'weightKg'>): string =>
  [numberText(rider.zpFtp, 'W'), ftpPerKg(rider)].filter(Boolean).join(', ');

/** `9 races: 1 win, 2 podiums, 1 DNF, the last on Thu 26 Nov` */
export function racesText({ races }: Pick<Rider, 'races'>): string {
  if (races === null) return 'No races';
  const { finishes, wins, podiums, dnfs, lastAt } = races;
  const last = lastAt === null ? '' : `, the last on ${dayOf(lastAt)}`;
  return `${count(finishes + dnfs, 'race')}: ${count(wins, 'win')}, ${count(podiums, 'podium')}, ${dnfs} DNF${last}`;
}
