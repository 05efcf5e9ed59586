import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../time.ts';
import { defaultClubs } from './riders.ts';
import { createWorld } from './world.ts';

const world = createWorld(1);
const evening = Date.UTC(2026, 0, 14, 19);
const inTheEvening = world
  .upcoming(evening - 6 * HOUR)
  .filter(({ time }) => time * 1000 > evening && time * 1000 <= evening + HOUR);

const sum = (csv: string) =>
  csv === '' ? 0 : csv.split(',').reduce((total, count) => total + Number(count), 0);
const startOf = (event: { time: number }) => event.time * 1000;
const idOf = (event: { eventId: string }) => Number(event.eventId);
const ridersAt = (event: (typeof inTheEvening)[number], at: number) =>
  (world.signups(idOf(event), at) ?? []).flatMap(({ riders }) => riders);

describe('signups', () => {
  it('peak in the last 15 minutes before the start, then shrink by withdrawals', () => {
    const totalAt = (lead: number) =>
      inTheEvening.reduce((total, event) => {
        const seen = world.event(idOf(event), startOf(event) - lead * MINUTE);
        return total + sum(seen?.signups ?? '');
      }, 0);
    const leads = Array.from({ length: 181 }, (_, lead) => lead);
    const totals = leads.map(totalAt);
    const peak = totals.indexOf(Math.max(...totals));
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThanOrEqual(15);
    expect(totals[peak]).toBeGreaterThan(1.5 * (totals[60] ?? 0));
    expect(totals[0]).toBeLessThan(0.96 * (totals[peak] ?? 0));
  });

  it('omit withdrawn riders', () => {
    const withdrawn = inTheEvening.flatMap((event) => {
      const atTheEnd = new Set(ridersAt(event, startOf(event)).map(({ riderId }) => riderId));
      return ridersAt(event, startOf(event) - 10 * MINUTE).filter(({ riderId }) => !atTheEnd.has(riderId));
    });
    expect(withdrawn.length).toBeGreaterThan(50);
  });

  it('match the counts in the list at the same time, by pen', () => {
    const at = evening - 4 * MINUTE;
    for (const listed of world.upcoming(at).filter(({ time }) => time * 1000 < evening + HOUR)) {
      const pens = world.signups(idOf(listed), at) ?? [];
      expect(pens.map(({ name }) => name).join(',')).toBe(listed.categories);
      expect(pens.map(({ riders }) => riders.length).join(',')).toBe(listed.signups);
    }
  });

  it('no longer change once the event has started', () => {
    const event = inTheEvening[0];
    if (!event) throw new Error('no events');
    expect(ridersAt(event, startOf(event) + HOUR)).toEqual(ridersAt(event, startOf(event)));
  });

  it('contain each rider once, and some members of the listed clubs', () => {
    const listedClubs = new Set(defaultClubs.map(({ id }) => id));
    const seen = inTheEvening.map((event) => ridersAt(event, startOf(event)));
    for (const riders of seen) expect(new Set(riders.map(({ riderId }) => riderId)).size).toBe(riders.length);
    const members = seen.flat().filter(({ club }) => club && listedClubs.has(club.id));
    expect(members.length).toBeGreaterThan(20);
    expect(members.length).toBeLessThan(seen.flat().length / 10);
    for (const id of listedClubs) expect(members.some(({ club }) => club?.id === id)).toBe(true);
  });

  it('have unrated riders, null power and phenotype, escaped names, and averages that fall by pen', () => {
    const all = inTheEvening.flatMap((event) => ridersAt(event, startOf(event)));
    expect(all.some(({ power }) => power === null)).toBe(true);
    expect(all.some(({ phenotype }) => phenotype === null)).toBe(true);
    expect(all.some(({ race }) => race.rating === null)).toBe(true);
    expect(all.some(({ name }) => name.includes('&amp;') || name.includes('&#39;'))).toBe(true);
    const large = inTheEvening.toSorted((a, b) => sum(b.signups) - sum(a.signups))[0];
    const pens = world.signups(Number(large?.eventId), evening + HOUR) ?? [];
    expect(pens[0]?.ratedRiders).toBeLessThan(pens[0]?.riders.length ?? 0);
    expect(pens[0]?.avgRating).toBeGreaterThan(pens.at(-1)?.avgRating ?? Number.POSITIVE_INFINITY);
  });

  it('do not exist before the event is announced', () => {
    const far = world
      .upcoming(evening)
      .find(({ eventId }) => !world.event(Number(eventId), evening - 100 * HOUR));
    expect(far && world.signups(Number(far.eventId), evening - 100 * HOUR)).toBeUndefined();
    expect(world.signups(49, evening)).toBeUndefined();
  });
});

describe('the list of upcoming events', () => {
  const list = world.upcoming(evening);

  it('is unordered, with ids, laps and some distances as text, and parallel lists of pens and counts', () => {
    const times = list.map(({ time }) => time);
    expect(times).not.toEqual(times.toSorted((a, b) => a - b));
    for (const event of list) {
      expect(event).toMatchObject({
        eventId: expect.any(String),
        routeId: expect.any(String),
        numLaps: expect.any(String),
      });
      expect(event.signups.split(',').length).toBe(event.categories.split(',').length);
    }
    expect(new Set(list.map(({ distance }) => typeof distance))).toEqual(new Set(['number', 'string']));
  });

  it('has A+ pens and events without pens', () => {
    expect(list.some(({ categories }) => categories.startsWith('A+,'))).toBe(true);
    const without = list.find(({ categories }) => categories === '');
    expect(without?.signups).toBe('');
    expect(world.signups(Number(without?.eventId), evening)).toEqual([]);
  });

  it('is the same for the same seed, and different for another', () => {
    expect(createWorld(1).upcoming(evening)).toEqual(list);
    expect(createWorld(2).upcoming(evening)).not.toEqual(list);
  });

  it('matches upcomingCounts and signedUp', () => {
    const counts = new Map(
      world.upcomingCounts(evening).map(({ id, start, signups }) => [id, { start, signups }]),
    );
    const listed = world.upcoming(evening);
    expect(counts.size).toBe(listed.length);
    for (const event of listed)
      expect(counts.get(idOf(event))).toEqual({ start: startOf(event), signups: sum(event.signups) });
    for (const event of inTheEvening) {
      for (const at of [evening, startOf(event) - 7 * MINUTE, startOf(event) + HOUR]) {
        const ids = ridersAt(event, at).map(({ riderId }) => riderId);
        expect(new Set(world.signedUp(idOf(event), at))).toEqual(new Set(ids));
      }
    }
    expect(world.signedUp(49, evening)).toBeUndefined();
  });
});
