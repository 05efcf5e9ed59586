import { describe, expect, it } from 'vitest';
import { day, hour, minute, monday, planOf } from './testing.ts';
import { distancesOf, timetableOf } from './timetable.ts';

const daysOf = (timeZone: string) =>
  timetableOf(planOf({}, { timeZone }), monday).map(({ from }) => new Date(from).toISOString().slice(0, 10));

describe('what is looked at', () => {
  it('is the week, and where clocks change the days around each change of the year', () => {
    expect(daysOf('UTC')).toEqual(['2026-05-04']);
    expect(daysOf('Europe/Stockholm')).toEqual(['2026-05-04', '2026-10-24', '2027-03-27']);
    expect(daysOf('America/New_York')).toEqual(['2026-05-04', '2026-10-31', '2027-03-13']);
  });

  it('includes slots that opened before and are still open', () => {
    const [week] = timetableOf(planOf({ rider: ['55 * * * *', 10], near: ['55 * * * *', 5] }), monday);
    expect(week.slots.rider[0]?.scheduledFor).toBe(monday - 5 * minute);
    expect(week.slots.near[0]?.scheduledFor).toBe(monday + 55 * minute);
    expect(week.slots.rider.at(-1)?.scheduledFor).toBe(monday + 7 * day - 5 * minute);
  });

  it.each([
    ['Europe/Stockholm', [5 * hour, 7 * hour]],
    ['America/New_York', [5 * hour, 7 * hour]],
    ['UTC', [6 * hour, 6 * hour]],
  ])(
    'shows that in %s a slot every six hours is not always six hours after the last',
    (timeZone, expected) => {
      const stretches = timetableOf(planOf({ rider: ['0 */6 * * *', 10] }, { timeZone }), monday);
      const distances = distancesOf(stretches, 'rider');
      expect([distances.shortest, distances.longest]).toEqual(expected);
    },
  );

  it('takes the week to recur', () => {
    const distances = (cron: string) =>
      distancesOf(timetableOf(planOf({ rider: [cron, 10] }), monday), 'rider');
    expect(distances('0 4 * * 1,2')).toEqual({ shortest: day, longest: 6 * day });
    expect(distances('0 4 * * 3')).toEqual({ shortest: Infinity, longest: 7 * day });
    expect(distances('0 4 1 1 *')).toEqual({ shortest: Infinity, longest: 0 });
  });
});
