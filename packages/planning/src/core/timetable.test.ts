import type { Slot } from '@paceline/shared/contracts';
import type { SyncKind } from '@paceline/shared/definition';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { day, hour, minute, monday, planOf } from './testing.ts';
import { spacingOf, overlapsBetween, overrunsOf, timetableOf, overlapMs } from './timetable.ts';

const daysOf = (timeZone: string) =>
  timetableOf(planOf({}, { timeZone }), monday).map(({ from }) => new Date(from).toISOString().slice(0, 10));

describe('timetableOf', () => {
  it('covers the week and the days around each clock change within a year', () => {
    expect(daysOf('UTC')).toEqual(['2026-05-04']);
    expect(daysOf('Europe/Stockholm')).toEqual(['2026-05-04', '2026-10-24', '2027-03-27']);
    expect(daysOf('America/New_York')).toEqual(['2026-05-04', '2026-10-31', '2027-03-13']);
  });

  it('includes slots that opened earlier and are still open', () => {
    const [week] = timetableOf(planOf({ rider: ['55 * * * *', 10], near: ['55 * * * *', 5] }), monday);
    expect(week.slots.rider[0]?.scheduledFor).toBe(monday - 5 * minute);
    expect(week.slots.near[0]?.scheduledFor).toBe(monday + 55 * minute);
    expect(week.slots.rider.at(-1)?.scheduledFor).toBe(monday + 7 * day - 5 * minute);
  });

  it.each([
    ['Europe/Stockholm', [5 * hour, 7 * hour]],
    ['America/New_York', [5 * hour, 7 * hour]],
    ['UTC', [6 * hour, 6 * hour]],
  ])('finds the shortest and longest spacing of six-hourly slots in %s', (timeZone, expected) => {
    const stretches = timetableOf(planOf({ rider: ['0 */6 * * *', 10] }, { timeZone }), monday);
    const spacing = spacingOf(stretches, 'rider');
    expect([spacing.shortest, spacing.longest]).toEqual(expected);
  });

  it('treats the week as recurring', () => {
    const spacing = (cron: string) => spacingOf(timetableOf(planOf({ rider: [cron, 10] }), monday), 'rider');
    expect(spacing('0 4 * * 1,2')).toEqual({ shortest: day, longest: 6 * day });
    expect(spacing('0 4 * * 3')).toEqual({ shortest: Infinity, longest: 7 * day });
    expect(spacing('0 4 1 1 *')).toEqual({ shortest: Infinity, longest: 0 });
  });
});

const slotsAt = (kind: SyncKind, opens: readonly number[], length: number): Slot[] =>
  opens
    .toSorted((a, b) => a - b)
    .map((at) => ({ slotId: `slot:${kind}:${at}`, kind, scheduledFor: at, endsAt: at + length }));
const openings = fc.uniqueArray(fc.nat(60), { maxLength: 8 });
const length = fc.integer({ min: 1, max: 20 });

describe('overlaps', () => {
  it('are the pairs of slots that are open at the same time, and overlapMs is their total time', () => {
    fc.assert(
      fc.property(openings, length, openings, length, (nears, nearLength, fars, farLength) => {
        const near = slotsAt('near', nears, nearLength);
        const far = slotsAt('far', fars, farLength);
        const pairs = overlapsBetween(near, far);
        const isOpen = (slots: readonly Slot[], at: number) =>
          slots.some(({ scheduledFor, endsAt }) => scheduledFor <= at && at < endsAt);
        const shared = Array.from({ length: 90 }, (_, at) => at).filter(
          (at) => isOpen(near, at) && isOpen(far, at),
        );
        expect(overlapMs(pairs, 0, 90)).toBe(shared.length);
        expect(overlapMs(pairs, 10, 30)).toBe(shared.filter((at) => at >= 10 && at < 30).length);
        const each = near.flatMap((one) =>
          far.filter(
            (other) => Math.max(one.scheduledFor, other.scheduledFor) < Math.min(one.endsAt, other.endsAt),
          ),
        );
        expect(pairs).toHaveLength(each.length);
        for (const [first, second] of pairs)
          expect(first.scheduledFor).toBeLessThanOrEqual(second.scheduledFor);
      }),
    );
  });

  it('of a slot with the next of its kind occur when it is longer than the spacing', () => {
    expect(overrunsOf(slotsAt('near', [0, 10, 25], 10))).toEqual([]);
    expect(overrunsOf(slotsAt('near', [0, 10, 25], 11)).map(([, { scheduledFor }]) => scheduledFor)).toEqual([
      10,
    ]);
  });
});
