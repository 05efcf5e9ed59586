import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../time.ts';

import { createTimetable, HORIZON } from './events.ts';

const midnight = Date.UTC(2026, 0, 14);
const everyHourOfAFortnight = Array.from({ length: 14 * 24 }, (_, hour) => midnight + hour * HOUR);
const averageOf = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the upcoming events', () => {
  const timetable = createTimetable(1);
  const startingWithin = (at: number, ms: number) =>
    timetable.upcoming(at).filter(({ start }) => start <= at + ms).length;

  it('number about 800 for the next 168 hours, about 310 of them within two days', () => {
    const totals = everyHourOfAFortnight.map((at) => timetable.upcoming(at).length);
    expect(averageOf(totals)).toBeGreaterThan(770);
    expect(averageOf(totals)).toBeLessThan(840);
    expect(Math.min(...totals)).toBeGreaterThan(730);
    expect(Math.max(...totals)).toBeLessThan(875);
    expect(averageOf(everyHourOfAFortnight.map((at) => startingWithin(at, 48 * HOUR)))).toBeCloseTo(310, -1);
  });

  it('are frequent in the evening and rare at night', () => {
    const days = Array.from({ length: 14 }, (_, day) => midnight + day * DAY);
    const evenings = days.map((day) => startingWithin(day + 19 * HOUR, HOUR));
    expect(averageOf(evenings)).toBeGreaterThan(33);
    expect(averageOf(evenings)).toBeLessThan(41);
    expect(averageOf(days.map((day) => startingWithin(day + 19 * HOUR, 2 * HOUR)))).toBeGreaterThan(60);
    expect(Math.max(...days.map((day) => startingWithin(day + 2 * HOUR, HOUR)))).toBeLessThan(5);
  });

  it('stay listed until they start', () => {
    const at = midnight + 12 * HOUR;
    const now = timetable.upcoming(at);
    expect(now.every(({ start }) => start > at && start <= at + HORIZON)).toBe(true);
    const later = new Set(timetable.upcoming(at + 8 * HOUR).map(({ id }) => id));
    for (const { id, start } of now) expect(later.has(id)).toBe(start > at + 8 * HOUR);
  });

  it('leave the list exactly when they start', () => {
    const first = timetable.upcoming(midnight).toSorted((a, b) => a.start - b.start)[0];
    if (!first) throw new Error('no events');
    expect(timetable.upcoming(first.start - 1)).toContainEqual(first);
    expect(timetable.upcoming(first.start)).not.toContainEqual(first);
  });

  it('have unique ids, by which a new timetable finds them too', () => {
    const now = timetable.upcoming(midnight);
    expect(new Set(now.map(({ id }) => id)).size).toBe(now.length);
    const fresh = createTimetable(1);
    for (const event of now) expect(fresh.byId(event.id)).toEqual(event);
    expect(fresh.byId(Math.floor(midnight / HOUR) * 50 + 49)).toBeUndefined();
  });

  it('start at multiples of five minutes', () => {
    expect(timetable.upcoming(midnight).every(({ start }) => start % (5 * MINUTE) === 0)).toBe(true);
  });

  it('match startingIn, except for unlisted events', () => {
    const at = midnight + 18 * HOUR;
    const starting = timetable
      .startingIn(at + 1, at + HORIZON + 1)
      .filter(({ listedFrom }) => listedFrom <= at);
    expect(starting).toEqual(timetable.upcoming(at));
    expect(timetable.startingIn(at, at)).toEqual([]);
  });
});
