import { describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../time.ts';
import { createWorld } from './world.ts';

const world = createWorld(1);
const now = Date.UTC(2026, 0, 14, 12);
const ids = Array.from({ length: 400 }, (_, index) => 100_000 + index * 997);
const riders = world.riders(ids, now).toSorted((a, b) => a.riderId - b.riderId);

const racers = riders.flatMap((rider) => (rider.race ? [{ ...rider, race: rider.race }] : []));

const numbersIn = (value: unknown): number[] => {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
};

describe('a rider', () => {
  it('has the fields that upstream sends', () => {
    const raced = riders.find(({ race }) => race?.max30.rating);
    expect(Object.keys(raced ?? {}).join(' ')).toMatch(
      /^riderId name gender country age height weight zpCategory zpFTP power race handicaps phenotype club/,
    );
    expect(raced).toMatchObject({
      power: {
        wkg5: expect.any(Number),
        w1200: expect.any(Number),
        CP: expect.any(Number),
        AWC: expect.any(Number),
      },
      race: {
        last: { rating: expect.any(Number), date: expect.any(Number), mixed: { number: expect.any(Number) } },
        max90: { expires: expect.any(Number), mixed: { category: expect.any(String) } },
      },
      handicaps: { profile: { mountainous: expect.any(Number) } },
      phenotype: { scores: { tt: expect.any(Number) }, value: expect.any(String), bias: expect.any(Number) },
    });
  });

  it('has a null race if they never raced, and a bare max30 without a race this month', () => {
    expect(riders.filter(({ race }) => race === null).length).toBeGreaterThan(20);
    const bare = riders.filter(({ race }) => race?.max30.rating === 0);
    expect(bare.length).toBeGreaterThan(20);
    for (const { race } of bare) expect(Object.keys(race?.max30 ?? {})).toEqual(['rating', 'expires']);
  });

  it('has a women class beside the mixed one exactly if female', () => {
    for (const { gender, race } of racers) expect('womens' in race.current).toBe(gender === 'F');
    expect(riders.filter(({ gender }) => gender === 'F').length).toBeGreaterThan(40);
  });

  it('has integers and fractions in the same field, age groups, and sometimes new fields', () => {
    const weights = riders.map(({ weight }) => weight);
    expect(weights.some(Number.isInteger) && weights.some((weight) => !Number.isInteger(weight))).toBe(true);
    expect(riders.map(({ age }) => age)).toEqual(
      expect.arrayContaining(['Snr', 'Mas', 'Vet', '50+', '60+', '-']),
    );
    expect(new Set(riders.map((rider) => 'velo' in rider)).size).toBe(2);
    expect(riders.some(({ club }) => club === null)).toBe(true);
  });

  it('has plausible, finite numbers', () => {
    expect(riders.flatMap(numbersIn).every(Number.isFinite)).toBe(true);
    for (const { weight, power } of riders) {
      expect(weight).toBeGreaterThan(40);
      expect(weight).toBeLessThan(120);
      const efforts = Object.entries(power).filter(([name]) => /^w\d/.test(name));
      expect(efforts.map(([, watts]) => watts)).toEqual(
        efforts.map(([, watts]) => watts).toSorted((a, b) => b - a),
      );
    }
    for (const { race } of racers) {
      expect(race.current.date * 1000).toBeLessThanOrEqual(now);
      expect(race.max90.rating).toBeGreaterThanOrEqual(race.max30.rating);
    }
  });

  it('stays the same within an hour and changes slowly over days', () => {
    const at = (time: number) => world.riders(ids, time).toSorted((a, b) => a.riderId - b.riderId);
    expect(at(now + HOUR)).toEqual(riders);
    const weekLater = at(now + 7 * DAY);
    const changed = weekLater.filter((rider, index) => rider.zpFTP !== riders[index]?.zpFTP);
    expect(changed.length).toBeGreaterThan(ids.length / 2);
    for (const [index, { zpFTP }] of weekLater.entries()) {
      expect(Math.abs(zpFTP / (riders[index]?.zpFTP ?? 0) - 1)).toBeLessThan(0.2);
    }
  });
});
