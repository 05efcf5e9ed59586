import { kindNames, type SyncKind } from '@paceline/shared/definition';
import {
  type Config,
  parseOpening,
  parseSkips,
  slotSettingsOf,
  type slotVariableNames,
} from '@paceline/shared/config';
import type { ScheduleSettings, Slot } from '@paceline/shared/contracts';
import { Cron } from 'croner';

/** When the slots of a sync kind open and for how long (project ms). Expressions are those of the configuration. */
export interface KindSchedule {
  readonly kind: SyncKind;
  readonly opens: string;
  readonly timeZone: string;
  readonly durationMs: number;
  readonly skip?: string;
}

/** After this many skipped slots in a row, the search ends: every slot counts as skipped. */
const maxSkipped = 20_000;

/** The slots that open in `(after, until]`, oldest first. */
export function slotsBetween(schedule: KindSchedule, after: number, until: number): Slot[] {
  const next = nextOpeningOf(schedule);
  const slots: Slot[] = [];
  for (let opens = next(after); opens <= until; opens = next(opens)) slots.push(slotAt(schedule, opens));
  return slots;
}

/** When the next slot after `after` opens (project ms); Infinity when none does. */
export const nextSlot = (schedule: KindSchedule, after: number): number => nextOpeningOf(schedule)(after);

/** Returns a function, because parsing an expression costs more than evaluating it. */
function nextOpeningOf({ opens, timeZone, skip = '' }: KindSchedule): (after: number) => number {
  const next = nextMatchOf(opens, timeZone);
  const isSkipped = skipTestOf(skip, timeZone);
  return (after) => {
    let at = next(after);
    for (let skipped = 0; at < Infinity && isSkipped(at); skipped += 1) {
      if (skipped === maxSkipped) return Infinity;
      at = next(at);
    }
    return at;
  };
}

/**
 * Cron follows local time, intervals count from the epoch. When clocks change, a single time of day (`30 2 * * *`) opens
 * once: in the first pass of a repeated hour, or right after a skipped one. Other expressions open in both, or not at all.
 */
function nextMatchOf(opens: string, timeZone: string): (after: number) => number {
  const opening = parseOpening(opens);
  if (!opening) return () => Infinity;
  if ('everyMs' in opening) {
    const { everyMs } = opening;
    return (after) => (Math.floor(after / everyMs) + 1) * everyMs;
  }
  const nextInUtc = nextRunOf(new Cron(opening.cron, { utcOffset: 0 }));
  if (timeZone === 'UTC') return nextInUtc;
  const nextInZone = nextRunOf(new Cron(opening.cron, { timezone: timeZone }));
  const offsetAt = offsetsOf(timeZone);
  // While clocks don't change, local time is UTC plus the offset: many times faster than the library's time zones.
  return (after) => {
    const offset = offsetAt(after);
    const next = nextInUtc(after + offset) - offset;
    const isSteady = (at: number) =>
      offsetAt(at - longestShift) === offset && offsetAt(at + longestShift) === offset;
    return next === Infinity || (isSteady(after) && isSteady(next)) ? next : nextInZone(after);
  };
}

const nextRunOf =
  (expression: Cron) =>
  (after: number): number =>
    expression.nextRun(new Date(after))?.getTime() ?? Infinity;

const hour = 3_600_000;

/** More than any clock change, and the hour that `offsetsOf` is exact to. */
const longestShift = 4 * hour;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Kept, as making one costs more than the offsets of a week. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const format =
    formats.get(timeZone) ?? new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  formats.set(timeZone, format);
  return format;
}

/** Returns a function that gives the offset of a zone from UTC (ms) at the start of the UTC hour of a time. */
export function offsetsOf(timeZone: string): (at: number) => number {
  const format = formatOf(timeZone);
  const known = new Map<number, number>();
  return (at) => {
    const start = Math.floor(at / hour) * hour;
    const offset = known.get(start) ?? offsetIn(format.format(start));
    known.set(start, offset);
    return offset;
  };
}

/** The offset (ms) in a text that ends with `GMT`, `GMT+01:00` or `GMT-03:30`. */
function offsetIn(text: string): number {
  const [, sign = '+', hours = '0', minutes = '0'] = /GMT(?:([+-])(\d+):(\d+))?$/.exec(text) ?? [];
  return Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

const slotAt = ({ kind, durationMs }: KindSchedule, opens: number): Slot => ({
  slotId: `slot:${kind}:${new Date(opens).toISOString()}`,
  kind,
  scheduledFor: opens,
  endsAt: opens + durationMs,
});

/** Tests whether a slot that opens at a time (project ms) is skipped, in local time. */
function skipTestOf(skip: string, timeZone: string): (opens: number) => boolean {
  const { times, weekdays, dates } = parseSkips(skip);
  if (times.length + weekdays.length + dates.length === 0) return () => false;
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return (opens) => {
    const parts = Object.fromEntries(clock.formatToParts(opens).map(({ type, value }) => [type, value]));
    const minute = Number(parts.hour) * 60 + Number(parts.minute);
    return (
      weekdays.includes(parts.weekday?.toLowerCase() ?? '') ||
      dates.includes(`${parts.year}-${parts.month}-${parts.day}`) ||
      times.some(([from, until]) =>
        from < until ? minute >= from && minute < until : minute >= from || minute < until,
      )
    );
  };
}

export const settingsOf = (config: Config<(typeof slotVariableNames)[number]>): ScheduleSettings => ({
  timeZone: config.SLOT_TIME_ZONE,
  kinds: slotSettingsOf(config),
});

export const schedulesOf = ({ timeZone, kinds }: ScheduleSettings): KindSchedule[] =>
  kindNames
    .filter((kind) => kinds[kind].mode !== 'off')
    .map((kind) => ({
      kind,
      opens: kinds[kind].opens,
      durationMs: kinds[kind].durationMs,
      skip: kinds[kind].skip,
      timeZone,
    }));
