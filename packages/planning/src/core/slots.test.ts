import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KindSchedule, nextSlot, slotsBetween } from './slots.ts';
import { crons, day, hour, minute } from './testing.ts';

const at = (iso: string) => Date.parse(iso);

const rider: KindSchedule = { kind: 'rider', opens: '0 */6 * * *', timeZone: 'UTC', durationMs: 10 * minute };
const near: KindSchedule = {
  kind: 'near',
  opens: '10,25,40,55 * * * *',
  timeZone: 'UTC',
  durationMs: 10 * minute,
};
const far: KindSchedule = { kind: 'far', opens: '30 */2 * * *', timeZone: 'UTC', durationMs: 25 * minute };

const opensOf = (schedule: KindSchedule, after: string, until: string) =>
  slotsBetween(schedule, at(after), at(until)).map(({ scheduledFor }) =>
    new Date(scheduledFor).toISOString().slice(11, 16),
  );

describe('slots', () => {
  it('open at the times of their cron expression', () => {
    expect(opensOf(rider, '2026-03-01T00:00Z', '2026-03-02T00:00Z')).toEqual([
      '06:00',
      '12:00',
      '18:00',
      '00:00',
    ]);
    expect(opensOf(near, '2026-03-01T10:00Z', '2026-03-01T11:10Z')).toEqual([
      '10:10',
      '10:25',
      '10:40',
      '10:55',
      '11:10',
    ]);
    expect(opensOf(far, '2026-03-01T00:00Z', '2026-03-01T06:30Z')).toEqual([
      '00:30',
      '02:30',
      '04:30',
      '06:30',
    ]);
  });

  it('have an id derived from kind and opening time', () => {
    const [slot] = slotsBetween(far, at('2026-03-01T00:00Z'), at('2026-03-01T01:00Z'));
    expect(slot).toEqual({
      slotId: 'slot:far:2026-03-01T00:30:00.000Z',
      kind: 'far',
      scheduledFor: at('2026-03-01T00:30Z'),
      endsAt: at('2026-03-01T00:55Z'),
    });
  });

  it('follow local time when summer time starts', () => {
    const local = { ...rider, opens: '0 6 * * *', timeZone: 'Europe/Stockholm' };
    expect(nextSlot(local, at('2026-03-28T12:00Z'))).toBe(at('2026-03-29T04:00Z'));
    expect(nextSlot(local, at('2026-03-27T12:00Z'))).toBe(at('2026-03-28T05:00Z'));
  });

  it('open at the same times in UTC and Etc/UTC', () => {
    const from = at('2026-02-27T00:00Z');
    fc.assert(
      fc.property(crons, (opens) => {
        const [utc, zoned] = ['UTC', 'Etc/UTC'].map((timeZone) =>
          slotsBetween({ ...near, opens, timeZone }, from, from + 4 * day),
        );
        expect(utc).toEqual(zoned);
      }),
      { numRuns: 50 },
    );
  });

  it('are the same whether searched in one step or in several', () => {
    const times = fc.integer({ min: at('2026-01-01T00:00Z'), max: at('2026-12-01T00:00Z') });
    const cuts = fc.array(fc.integer({ min: 1, max: 6 * hour }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(times, cuts, fc.constantFrom(rider, near, far), (from, steps, schedule) => {
        const until = from + steps.reduce((sum, step) => sum + step, 0);
        let last = from;
        const stepwise = steps.flatMap((step) => {
          const found = slotsBetween(schedule, last, last + step);
          last += step;
          return found;
        });
        expect(stepwise).toEqual(slotsBetween(schedule, from, until));
      }),
      { numRuns: 50 },
    );
  });
});
