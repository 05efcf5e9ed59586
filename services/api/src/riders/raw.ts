import { humanDuration } from '@paceline/shared/words';
import { z } from 'zod';
import { iso } from '../http/view.ts';

/*
 * What upstream's rider object says beyond our columns. It can lack any field or hold absurd values: these become null.
 */

const count = z.int().min(0).max(1_000_000);
const seconds = z.number().positive().max(253_402_300_799);

const categoryShape = z
  .object({ current: z.object({ mixed: z.object({ category: z.string().min(1).max(40) }) }) })
  .transform(({ current }) => current.mixed.category)
  .nullable()
  .catch(null);

const racesShape = z
  .object({
    finishes: count,
    wins: count,
    podiums: count,
    dnfs: count,
    last: z.object({ date: seconds }).nullable().catch(null),
  })
  .transform(({ last, ...counts }) => ({
    ...counts,
    lastAt: last && iso(Math.round(last.date * 1_000)),
  }))
  .nullable()
  .catch(null);

/** @param race the field of the rider object, null for a rider who never raced */
export const readRace = (race: unknown) => ({
  category: categoryShape.parse(race),
  races: racesShape.parse(race),
});

const powerShape = z
  .object({ power: z.record(z.string(), z.unknown()) })
  .transform(({ power }) => power)
  .catch({});
const watts = z.number().positive().max(10_000);
const perKg = z.number().positive().max(200).nullable().catch(null);

/** The best efforts of a rider object, shortest first: `w300` are the watts of 300 s, `wkg300` the watts per kg. */
export function readEfforts(rider: unknown) {
  const power = powerShape.parse(rider);
  const efforts = Object.entries(power).flatMap(([key, value]) => {
    const [, duration] = /^w([1-9]\d{0,4})$/.exec(key) ?? [];
    const { data } = watts.safeParse(value);
    if (duration === undefined || data === undefined) return [];
    const effort = { seconds: Number(duration), watts: data, perKg: perKg.parse(power[`wkg${duration}`]) };
    return [{ name: humanDuration(effort.seconds * 1_000), ...effort }];
  });
  return efforts.toSorted((a, b) => a.seconds - b.seconds);
}
