import { z } from 'zod';
import { humanDuration } from '../words.ts';
import { numericId, optional, optionalText, secondsAsMs } from './shapes.ts';

/* What a stored response says beyond the columns of its row. It can lack any field or hold absurd values: those are null. */

const categoryShape = optional({ current: optional({ mixed: optional({ category: optionalText }) }) });

const count = z.int().min(0).max(1_000_000);
const racesShape = z
  .object({
    finishes: count,
    wins: count,
    podiums: count,
    dnfs: count,
    last: optional({ date: secondsAsMs }),
  })
  .transform(({ last, ...counts }) => ({ ...counts, lastAt: last?.date ?? null }))
  .nullable()
  .catch(null);

/** The rating category and the race record of a rider. @param race as in the rider object; null: never raced */
export const readRace = (race: unknown) => ({
  category: categoryShape.parse(race)?.current?.mixed?.category ?? null,
  races: racesShape.parse(race),
});

const powerShape = z.object({ power: z.record(z.string(), z.unknown()) }).catch({ power: {} });
const watts = z.number().positive().max(10_000);
const perKg = z.number().positive().max(200).nullable().catch(null);

/** The best efforts of a rider object, shortest first: `w300` is the power over 300 s, `wkg300` the same per kg. */
export function readEfforts(rider: unknown) {
  const { power } = powerShape.parse(rider);
  const efforts = Object.entries(power).flatMap(([key, value]) => {
    const [, duration] = /^w([1-9]\d{0,4})$/.exec(key) ?? [];
    const { data } = watts.safeParse(value);
    if (duration === undefined || data === undefined) return [];
    const seconds = Number(duration);
    const name = humanDuration(seconds * 1_000);
    return [{ name, seconds, watts: data, perKg: perKg.parse(power[`wkg${duration}`]) }];
  });
  return efforts.toSorted((a, b) => a.seconds - b.seconds);
}

const clubShape = optional({ id: numericId, name: optionalText });

/** The club of a rider, as in a rider or a signup; null: none. */
export function readClub(club: unknown): { clubId: number; name: string | null } | null {
  const read = clubShape.parse(club);
  return read && { clubId: read.id, name: read.name };
}
