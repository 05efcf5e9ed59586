import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextSlot, type Schedule, slotsBetween } from './slots.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const at = (iso: string) => Date.parse(iso);

const schedule = (opens: string, timeZone = 'UTC', skip = ''): Schedule => ({
  kind: 'near',
  opens,
  timeZone,
  durationMs: minute,
  skip,
});

const opensOf = (each: Schedule, after: number, until: number) =>
  slotsBetween(each, after, until).map(({ scheduledFor }) => scheduledFor);

/** What the clocks of a zone show. */
function wallOf(timeZone: string): (moment: number) => { date: string; hour: number; minute: number } {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  return (moment) => {
    const [date = '', time = ''] = format.format(moment).split(' ');
    const [hours, minutes] = time.split(':').map(Number);
    return { date, hour: hours ?? 0, minute: minutes ?? 0 };
  };
}

/** Each within a day of a change of clocks, forward and back. */
const changes: ReadonlyArray<readonly [string, string]> = [
  ['Europe/Stockholm', '2026-03-29T01:00Z'],
  ['Europe/Stockholm', '2026-10-25T01:00Z'],
  ['America/New_York', '2026-03-08T07:00Z'],
  ['America/New_York', '2026-11-01T06:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
];

const minutesLists = fc.uniqueArray(fc.nat(59), { minLength: 1, maxLength: 5 });

describe.each(changes)('in %s around %s', (timeZone, change) => {
  const [from, until] = [at(change) - 12 * hour, at(change) + 12 * hour];
  const wall = wallOf(timeZone);
  const everyMinute = Array.from({ length: (until - from) / minute }, (_, n) => from + (n + 1) * minute);

  it('slots of every hour open whenever the clocks show their minutes: twice in an hour that comes twice', () => {
    fc.assert(
      fc.property(minutesLists, (minutes) => {
        const found = opensOf(schedule(`${minutes.join(',')} * * * *`, timeZone), from, until);
        const shown = everyMinute.filter((moment) => minutes.includes(wall(moment).minute));
        expect(found.filter((moment) => minutes.includes(wall(moment).minute))).toEqual(shown);
      }),
      { numRuns: 10 },
    );
  });

  it('slots of some hours miss no time that the clocks show; one that they show twice may come once', () => {
    const hours = fc.uniqueArray(fc.nat(23), { minLength: 1, maxLength: 5 });
    const face = (moment: number) => Object.values(wall(moment)).join(' ');
    fc.assert(
      fc.property(minutesLists, hours, (minutes, some) => {
        const opens = `${minutes.join(',')} ${some.join(',')} * * *`;
        const found = new Set(opensOf(schedule(opens, timeZone), from, until).map(face));
        const shown = everyMinute.filter((moment) => {
          const clocks = wall(moment);
          return minutes.includes(clocks.minute) && some.includes(clocks.hour);
        });
        expect(shown.map(face).filter((each) => !found.has(each))).toEqual([]);
      }),
      { numRuns: 10 },
    );
  });

  it('intervals stay as long as they are', () => {
    const lengths = fc.integer({ min: 1, max: 600 });
    fc.assert(
      fc.property(lengths, (length) => {
        const found = opensOf(schedule(`every ${length}m`, timeZone), from, until);
        expect(found.every((moment) => moment % (length * minute) === 0)).toBe(true);
        expect(found).toHaveLength(
          Math.floor(until / (length * minute)) - Math.floor(from / (length * minute)),
        );
      }),
      { numRuns: 20 },
    );
  });

  it('what is left out is left out by the clocks', () => {
    const [kept, all] = ['01:00-03:30', ''].map((skip) =>
      opensOf(schedule('*/10 * * * *', timeZone, skip), from, until),
    );
    const between = (moment: number) => {
      const clocks = wall(moment);
      const minutes = clocks.hour * 60 + clocks.minute;
      return minutes >= 60 && minutes < 210;
    };
    expect(kept).toEqual(all?.filter((moment) => !between(moment)));
    expect(kept?.length).toBeLessThan(all?.length ?? 0);
  });
});

describe('a slot in an hour that is passed over', () => {
  it('opens when the clocks have been put forward, once', () => {
    const daily = schedule('30 2 * * *', 'Europe/Stockholm');
    expect(opensOf(daily, at('2026-03-28T12:00Z'), at('2026-03-30T12:00Z'))).toEqual([
      at('2026-03-29T01:00Z'),
      at('2026-03-30T00:30Z'),
    ]);
  });
});

describe('leap days', () => {
  it('have slots in leap years, and every year ends and begins without a gap', () => {
    expect(nextSlot(schedule('0 12 29 2 *'), at('2026-03-01T00:00Z'))).toBe(at('2028-02-29T12:00Z'));
    expect(nextSlot(schedule('0 12 * * *'), at('2028-02-28T12:00Z'))).toBe(at('2028-02-29T12:00Z'));
    expect(nextSlot(schedule('0 12 * * *'), at('2027-02-28T12:00Z'))).toBe(at('2027-03-01T12:00Z'));
    expect(opensOf(schedule('every 6h'), at('2028-12-31T12:00Z'), at('2029-01-01T06:00Z'))).toEqual(
      ['2028-12-31T18:00Z', '2029-01-01T00:00Z', '2029-01-01T06:00Z'].map(at),
    );
  });

  it('can be left out', () => {
    const without = schedule('0 12 * * *', 'UTC', '2028-02-29');
    expect(nextSlot(without, at('2028-02-28T12:00Z'))).toBe(at('2028-03-01T12:00Z'));
  });
});

describe('slots that are left out', () => {
  const monday = at('2026-05-04T00:00Z');
  it.each([
    ['06:00,12:00', ['18:00', '00:00']],
    ['23:00-05:00', ['06:00', '12:00', '18:00']],
    ['tue', ['06:00', '12:00', '18:00']],
    ['2026-05-04', ['00:00']],
    ['Tue, 12:00 , 2026-05-05', ['06:00', '18:00']],
  ])('%s: the others open', (skip, opened) => {
    const found = opensOf(schedule('0 */6 * * *', 'UTC', skip), monday, monday + day);
    expect(found.map((moment) => new Date(moment).toISOString().slice(11, 16))).toEqual(opened);
  });

  it('all of them: there is none', () => {
    const never = schedule('every 5m', 'UTC', '00:00-12:00,12:00-00:00');
    expect(nextSlot(never, monday)).toBe(Infinity);
    expect(slotsBetween(never, monday, monday + day)).toEqual([]);
  });
});
