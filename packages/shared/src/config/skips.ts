import { z } from 'zod';

/** Slots that are left out, by when they would open on the clocks of their time zone. */
export interface Skips {
  /** Minutes of the day: from the first, until before the second; past midnight when the second is the smaller one. */
  readonly times: ReadonlyArray<readonly [from: number, until: number]>;
  /** `mon` to `sun` */
  readonly weekdays: readonly string[];
  /** `2026-12-24` */
  readonly dates: readonly string[];
}

const weekdays: readonly string[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const range = /^([01]\d|2[0-3]):([0-5]\d)(?:-([01]\d|2[0-3]):([0-5]\d))?$/;

const entriesOf = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter(Boolean);

/** `06:00, 23:00-05:00, sat, 2026-12-24`; what can't be read leaves nothing out. */
export function parseSkips(text: string): Skips {
  const entries = entriesOf(text);
  return {
    times: entries.flatMap((entry) => {
      const [, hour, minute, endHour, endMinute] = range.exec(entry) ?? [];
      if (hour === undefined) return [];
      const from = Number(hour) * 60 + Number(minute);
      return [[from, endHour === undefined ? from + 1 : Number(endHour) * 60 + Number(endMinute)] as const];
    }),
    weekdays: entries.filter((entry) => weekdays.includes(entry)),
    dates: entries.filter(isDate),
  };
}

/** A day that there is: February has no 30th. */
function isDate(entry: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(entry)) return false;
  const at = Date.parse(`${entry}T00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(entry);
}

const isEntry = (entry: string): boolean => range.test(entry) || weekdays.includes(entry) || isDate(entry);

/** A text that says which slots are left out; empty: none. */
export const skips = z.string().superRefine((text, context) => {
  const wrong = entriesOf(text).filter((entry) => !isEntry(entry));
  if (wrong.length === 0) return;
  const message = `must be a list of times (06:00), spans (23:00-05:00), weekdays (sat) and dates (2026-12-24); entry ${wrong
    .map((entry) => entriesOf(text).indexOf(entry) + 1)
    .join(', ')} is none`;
  context.addIssue({ code: 'custom', message });
});
