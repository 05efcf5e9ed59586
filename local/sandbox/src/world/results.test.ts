import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../time.ts';
import { createWorld } from './world.ts';

const world = createWorld(1);
const evening = Date.UTC(2026, 0, 14, 19);
const ridden = world.upcoming(evening).filter(({ time }) => time * 1000 <= evening + HOUR);
const races = ridden.filter(({ type, categories }) => type === 'Race' && categories !== '');

const resultsAt = (event: (typeof ridden)[number], at: number) =>
  world.results(Number(event.eventId), at)?.results ?? [];
/** The first minute after the start at which the predicate is true; undefined if that takes over ten hours. */
const firstMinute = (event: (typeof ridden)[number], isTrue: (at: number) => boolean) =>
  Array.from({ length: 600 }, (_, minute) => minute).find((minute) =>
    isTrue(event.time * 1000 + minute * MINUTE),
  );

describe('results', () => {
  const [race] = races;
  if (!race) throw new Error('no race');
  const appear = firstMinute(race, (at) => resultsAt(race, at).length > 0) ?? Number.NaN;
  const rated =
    firstMinute(race, (at) => resultsAt(race, at).some((each) => 'ratingDelta' in each)) ?? Number.NaN;
  const final = resultsAt(race, race.time * 1000 + 10 * HOUR);

  it('appear together, some time after the last finish', () => {
    const slowest = Math.max(...final.map(({ time }) => time)) / 60;
    expect(appear).toBeGreaterThan(slowest + 10);
    expect(appear).toBeLessThan(75 + 31);
  });

  it('are unrated at first', () => {
    expect(rated).toBeGreaterThanOrEqual(appear + 14);
    for (const each of resultsAt(race, race.time * 1000 + appear * MINUTE)) {
      expect(each.rating).toBe(each.ratingBefore);
      expect(each).not.toHaveProperty('ratingDelta');
    }
    expect(final.every((each) => 'rating' in each && 'ratingMax90' in each)).toBe(true);
  });

  it('contain most of the riders signed up at the start, and no others', () => {
    const field = (world.signups(Number(race.eventId), race.time * 1000) ?? []).flatMap(
      ({ riders }) => riders,
    );
    const entered = new Set(field.map(({ riderId }) => riderId));
    expect(final.every(({ riderId }) => entered.has(riderId))).toBe(true);
    const everyField = races.flatMap((each) => world.signups(Number(each.eventId), evening + HOUR) ?? []);
    const signedUp = everyField.flatMap(({ riders }) => riders).length;
    const finishers = races.flatMap((each) => resultsAt(each, evening + 11 * HOUR)).length;
    expect(finishers).toBeGreaterThan(0.8 * signedUp);
    expect(finishers).toBeLessThan(0.97 * signedUp);
  });

  it('rank each pen separately, riders who did not finish last and without a gap', () => {
    const all = races.flatMap((each) => resultsAt(each, evening + 11 * HOUR));
    expect(all.some(({ gap }) => gap === null)).toBe(true);
    for (const category of new Set(final.map((each) => each.category))) {
      const pen = final.filter((each) => each.category === category);
      expect(pen.map((each) => each.positionInCategory)).toEqual(pen.map((_, index) => index + 1));
      const gaps = pen.map(({ gap }) => gap ?? Number.POSITIVE_INFINITY);
      expect(gaps).toEqual(gaps.toSorted((a, b) => a - b));
    }
    expect(all.some(({ name }) => /&\w+;|&#039;/.test(name))).toBe(true);
  });

  it('have a position for riders who did not finish, and in some events for all', () => {
    const events = races.map((each) => resultsAt(each, evening + 11 * HOUR));
    const all = events.filter((results) => results.every((each) => 'position' in each));
    const few = events.filter((results) => results.some((each) => !('position' in each)));
    expect(Math.min(all.length, few.length)).toBeGreaterThan(0);
    for (const each of few.flat()) expect('position' in each).toBe(each.gap === null);
  });

  it('have the distance in kilometres or in metres, and ids as text', () => {
    const results = ridden.map(({ eventId }) => world.results(Number(eventId), evening));
    const distances = results.map((each) => each?.distance ?? 0);
    expect(
      distances.some((distance) => distance < 100) && distances.some((distance) => distance > 5000),
    ).toBe(true);
    expect(results[0]).toMatchObject({
      eventId: expect.any(String),
      routeId: expect.any(String),
      results: [],
    });
  });

  it('are never rated for rides other than races', () => {
    const rides = world
      .upcoming(evening)
      .filter(({ type, categories }) => type !== 'Race' && categories !== '');
    const all = rides.flatMap((ride) => resultsAt(ride, ride.time * 1000 + 10 * HOUR));
    expect(all.length).toBeGreaterThan(0);
    expect(all.every((each) => !('ratingDelta' in each) && each.rating === each.ratingBefore)).toBe(true);
  });

  it('appear in ZwiftPower at the same time, as a bare array', () => {
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
