import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../time.ts';
import { createWorld } from './world.ts';

const world = createWorld(1);
const evening = Date.UTC(2026, 0, 14, 19);
const ridden = world.upcoming(evening).filter(({ time }) => time * 1000 <= evening + HOUR);
const races = ridden.filter(({ type, categories }) => type === 'Race' && categories !== '');

const resultsAt = (event: (typeof ridden)[number], at: number) =>
  world.results(Number(event.eventId), at)?.results ?? [];
/** Minutes after the start at which this first holds, to the minute; undefined if it never does within ten hours. */
const firstMinute = (event: (typeof ridden)[number], holds: (at: number) => boolean) =>
  Array.from({ length: 600 }, (_, minute) => minute).find((minute) =>
    holds(event.time * 1000 + minute * MINUTE),
  );

describe('results', () => {
  const [race] = races;
  if (!race) throw new Error('no race');
  const appear = firstMinute(race, (at) => resultsAt(race, at).length > 0) ?? Number.NaN;
  const rated =
    firstMinute(race, (at) => resultsAt(race, at).some((each) => 'ratingDelta' in each)) ?? Number.NaN;
  const final = resultsAt(race, race.time * 1000 + 10 * HOUR);

  it('appear all at once, some time after the last rider is in', () => {
    const slowest = Math.max(...final.map(({ time }) => time)) / 60;
    expect(appear).toBeGreaterThan(slowest + 10);
    expect(appear).toBeLessThan(75 + 31);
  });

  it('are unrated first', () => {
    expect(rated).toBeGreaterThanOrEqual(appear + 14);
    for (const each of resultsAt(race, race.time * 1000 + appear * MINUTE)) {
      expect(each).not.toHaveProperty('rating');
      expect(each).not.toHaveProperty('ratingDelta');
    }
    expect(final.every((each) => 'rating' in each && 'ratingMax90' in each)).toBe(true);
  });

  it('hold only riders who were signed up at the start, and not all of those', () => {
    const field = (world.signups(Number(race.eventId), race.time * 1000) ?? []).flatMap(
      ({ riders }) => riders,
    );
    const entered = new Set(field.map(({ riderId }) => riderId));
    expect(final.every(({ riderId }) => entered.has(riderId))).toBe(true);
    const everyField = races.flatMap((each) => world.signups(Number(each.eventId), evening + HOUR) ?? []);
    const everybody = everyField.flatMap(({ riders }) => riders).length;
    const finishers = races.flatMap((each) => resultsAt(each, evening + 11 * HOUR)).length;
    expect(finishers).toBeGreaterThan(0.8 * everybody);
    expect(finishers).toBeLessThan(0.97 * everybody);
  });

  it('place each pen by itself, without a position for those who gave up', () => {
    const all = races.flatMap((each) => resultsAt(each, evening + 11 * HOUR));
    expect(all.some((each) => !('position' in each))).toBe(true);
    for (const category of new Set(final.map((each) => each.category))) {
      const pen = final.filter((each) => each.category === category && 'positionInCategory' in each);
      expect(pen.map((each) => each.positionInCategory)).toEqual(pen.map((_, index) => index + 1));
      expect(pen[0]?.gap).toBe(0);
      expect(pen.map(({ gap }) => gap)).toEqual(pen.map(({ gap }) => gap).toSorted((a, b) => a - b));
    }
    expect(all.some(({ name }) => /&\w+;|&#39;/.test(name))).toBe(true);
  });

  it('tell the distance in kilometres or in metres, and ids as text', () => {
    const answers = ridden.map(({ eventId }) => world.results(Number(eventId), evening));
    const distances = answers.map((answer) => answer?.distance ?? 0);
    expect(
      distances.some((distance) => distance < 100) && distances.some((distance) => distance > 5000),
    ).toBe(true);
    expect(answers[0]).toMatchObject({
      eventId: expect.any(String),
      routeId: expect.any(String),
      results: [],
    });
  });

  it('of a ride that is no race are never rated', () => {
    const rides = world
      .upcoming(evening)
      .filter(({ type, categories }) => type !== 'Race' && categories !== '');
    const all = rides.flatMap((ride) => resultsAt(ride, ride.time * 1000 + 10 * HOUR));
    expect(all.length).toBeGreaterThan(0);
    expect(all.every((each) => !('rating' in each))).toBe(true);
  });

  it('of ZwiftPower are a bare array that appears at the same time', () => {
    const zwiftPower = (minute: number) =>
      world.zwiftPowerResults(Number(race.eventId), race.time * 1000 + minute * MINUTE);
    expect(zwiftPower(appear - 1)).toEqual([]);
    expect(zwiftPower(appear)?.[0]).toMatchObject({
      pos: 1,
      zwid: final[0]?.riderId,
      ftp: expect.any(String),
    });
  });
});
