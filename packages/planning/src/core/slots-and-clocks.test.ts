import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextSlot, type KindSchedule, slotsBetween } from './slots.ts';
import { crons } from './testing.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const at = (iso: string) => Date.parse(iso);

const schedule = (opens: string, timeZone = 'UTC', skip = ''): KindSchedule => ({
  kind: 'near',
  opens,
  timeZone,
  durationMs: minute,
  skip,
});

const opensOf = (each: KindSchedule, after: number, until: number) =>
  slotsBetween(each, after, until).map(({ scheduledFor }) => scheduledFor);

/** Local date and time in a zone. */
function localTimeIn(timeZone: string): (at: number) => { date: string; hour: number; minute: number } {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  return (at) => {
    const [date = '', time = ''] = format.format(at).split(' ');
    const [hours, minutes] = time.split(':').map(Number);
    return { date, hour: hours ?? 0, minute: minutes ?? 0 };
  };
}

/** Clock changes, forward and back. */
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
  const local = localTimeIn(timeZone);
  const everyMinute = Array.from({ length: (until - from) / minute }, (_, n) => from + (n + 1) * minute);

  it('hourly slots open whenever local time reaches their minutes, twice in a repeated hour', () => {
    fc.assert(
      fc.property(minutesLists, (minutes) => {
        const found = opensOf(schedule(`${minutes.join(',')} * * * *`, timeZone), from, until);
        const expected = everyMinute.filter((each) => minutes.includes(local(each).minute));
        expect(found.filter((each) => minutes.includes(local(each).minute))).toEqual(expected);
      }),
      { numRuns: 10 },
    );
  });

  it('slots at given hours miss no local time, and a single time of day opens once', () => {
    const hours = fc.uniqueArray(fc.nat(23), { minLength: 1, maxLength: 5 });
    const localText = (each: number) => Object.values(local(each)).join(' ');
    fc.assert(
      fc.property(minutesLists, hours, (minutes, some) => {
        const opens = `${minutes.join(',')} ${some.join(',')} * * *`;
        const found = new Set(opensOf(schedule(opens, timeZone), from, until).map(localText));
        const expected = everyMinute.filter((each) => {
          const time = local(each);
          return minutes.includes(time.minute) && some.includes(time.hour);
        });
        expect(expected.map(localText).filter((each) => !found.has(each))).toEqual([]);
      }),
      { numRuns: 10 },
    );
  });

  it('intervals keep their length', () => {
    const lengths = fc.integer({ min: 1, max: 600 });
    fc.assert(
      fc.property(lengths, (length) => {
        const found = opensOf(schedule(`every ${length}m`, timeZone), from, until);
        expect(found.every((each) => each % (length * minute) === 0)).toBe(true);
        expect(found).toHaveLength(
          Math.floor(until / (length * minute)) - Math.floor(from / (length * minute)),
        );
      }),
      { numRuns: 20 },
    );
  });

  it('skipped times follow local time', () => {
    const [kept, all] = ['01:00-03:30', ''].map((skip) =>
      opensOf(schedule('*/10 * * * *', timeZone, skip), from, until),
    );
    const isSkipped = (each: number) => {
      const time = local(each);
      const minutes = time.hour * 60 + time.minute;
      return minutes >= 60 && minutes < 210;
    };
    expect(kept).toEqual(all?.filter((each) => !isSkipped(each)));
    expect(kept?.length).toBeLessThan(all?.length ?? 0);
  });
});

const zones = [
  ...new Set(changes.map(([zone]) => zone)),
  'Africa/Casablanca',
  'Africa/Cairo',
  'Asia/Kathmandu',
];
const daily = fc.constantFrom('30 2 * * *', '*/20 1-3 * * *', '15 2 * * 0', '0 0 L * *', '0 12 29 2 *');

it("slots in a time zone open when the library's own time zones say so", () => {
  fc.assert(
    fc.property(
      fc.oneof(crons, daily),
      fc.constantFrom(...zones),
      fc.integer({ min: 0, max: 700 }),
      (opens, timeZone, days) => {
        const from = at('2026-01-01T00:00Z') + days * day;
        const expected: number[] = [];
        const cron = new Cron(opens, { timezone: timeZone });
        for (let run = cron.nextRun(new Date(from)); run; run = cron.nextRun(run)) {
          if (run.getTime() > from + 20 * day) break;
          expected.push(run.getTime());
        }
        expect(opensOf(schedule(opens, timeZone), from, from + 20 * day)).toEqual(expected);
      },
    ),
    { numRuns: 60 },
  );
});

describe('a slot in a skipped hour', () => {
  it('opens once, right after the clocks go forward, when it has a single time of day', () => {
    const daily = schedule('30 2 * * *', 'Europe/Stockholm');
    expect(opensOf(daily, at('2026-03-28T12:00Z'), at('2026-03-30T12:00Z'))).toEqual([
      at('2026-03-29T01:00Z'),
      at('2026-03-30T00:30Z'),
    ]);
  });

  it.each(['0,30 2 * * *', '*/30 2 * * *'])('does not open otherwise: %s', (opens) => {
    const found = opensOf(schedule(opens, 'Europe/Vienna'), at('2026-03-28T12:00Z'), at('2026-03-29T12:00Z'));
    expect(found).toEqual([]);
  });
});

describe('a slot in a repeated hour', () => {
  const onTheDay = (opens: string) =>
    opensOf(schedule(opens, 'Europe/Vienna'), at('2026-10-24T12:00Z'), at('2026-10-25T12:00Z'));

  it('opens once, in the first pass, when it has a single time of day', () => {
    expect(onTheDay('30 2 * * *')).toEqual([at('2026-10-25T00:30Z')]);
  });

  it.each([
    ['0,30 2 * * *', ['00:00', '00:30', '01:00', '01:30']],
    ['30 2,5 * * *', ['00:30', '01:30', '04:30']],
    ['30 2-3 * * *', ['00:30', '01:30', '02:30']],
  ])('opens in both passes otherwise: %s', (opens, times) => {
    expect(onTheDay(opens)).toEqual(times.map((time) => at(`2026-10-25T${time}Z`)));
  });
});

describe('slots on leap days', () => {
  it('open in leap years, and slots continue without a gap across the turn of the year', () => {
    expect(nextSlot(schedule('0 12 29 2 *'), at('2026-03-01T00:00Z'))).toBe(at('2028-02-29T12:00Z'));
    expect(nextSlot(schedule('0 12 * * *'), at('2028-02-28T12:00Z'))).toBe(at('2028-02-29T12:00Z'));
    expect(nextSlot(schedule('0 12 * * *'), at('2027-02-28T12:00Z'))).toBe(at('2027-03-01T12:00Z'));
    expect(opensOf(schedule('every 6h'), at('2028-12-31T12:00Z'), at('2029-01-01T06:00Z'))).toEqual(
      ['2028-12-31T18:00Z', '2029-01-01T00:00Z', '2029-01-01T06:00Z'].map(at),
    );
  });

  it('can be skipped', () => {
    const without = schedule('0 12 * * *', 'UTC', '2028-02-29');
    expect(nextSlot(without, at('2028-02-28T12:00Z'))).toBe(at('2028-03-01T12:00Z'));
  });
});

describe('skips', () => {
  const monday = at('2026-05-04T00:00Z');
  it.each([
    ['06:00,12:00', ['18:00', '00:00']],
    ['23:00-05:00', ['06:00', '12:00', '18:00']],
    ['tue', ['06:00', '12:00', '18:00']],
    ['2026-05-04', ['00:00']],
    ['Tue, 12:00 , 2026-05-05', ['06:00', '18:00']],
  ])('%s leaves the other slots', (skip, opened) => {
    const found = opensOf(schedule('0 */6 * * *', 'UTC', skip), monday, monday + day);
    expect(found.map((each) => new Date(each).toISOString().slice(11, 16))).toEqual(opened);
  });

  it('that cover the whole day leave no slot', () => {
    const never = schedule('every 5m', 'UTC', '00:00-12:00,12:00-00:00');
    expect(nextSlot(never, monday)).toBe(Infinity);
    expect(slotsBetween(never, monday, monday + day)).toEqual([]);
  });
});
