import type { SyncKind } from '@paceline/shared/definition';
import type { Slot } from '@paceline/shared/contracts';
import type { Plan } from './plan.ts';
import { type Schedule, slotsBetween } from './slots.ts';

/** A stretch of time with all slots that are open in it, oldest first. Moments are project ms. */
export interface Stretch {
  readonly from: number;
  readonly until: number;
  readonly slots: Readonly<Record<SyncKind, readonly Slot[]>>;
}

/** The week that is looked at, and what else is. */
export type Timetable = readonly [Stretch, ...Stretch[]];

const day = 86_400_000;
const week = 7 * day;

/**
 * What is looked at of a plan: the week from `from`, and the days around each change of summer time in the year after,
 * when slots move against each other. The week comes first.
 */
export function timetableOf(
  { schedules }: Pick<Plan, 'schedules'>,
  from: number,
  openings: Openings = slotsBetween,
): Timetable {
  const zones = [...new Set(schedules.map(({ timeZone }) => timeZone))];
  const changes = zones.flatMap((zone) => daysOfChange(zone, from + week, from + 366 * day));
  const stretch = (begin: number, until: number): Stretch => ({
    from: begin,
    until,
    slots: {
      ...noSlots,
      ...Object.fromEntries(schedules.map((each) => slotsIn(each, begin, until, openings))),
    },
  });
  return [stretch(from, from + week), ...changes.map((change) => stretch(change - day, change + 2 * day))];
}

/** What a stretch without slots has. */
export const noSlots = { rider: [], near: [], far: [], results: [] };

/** Those that are still open at the beginning belong to it. */
function slotsIn(schedule: Schedule, from: number, until: number, openings: Openings) {
  const { kind, durationMs } = schedule;
  const lookBack = Math.ceil(Math.min(durationMs, week) / day) * day;
  const slots = openings(schedule, from - lookBack, until - 1)
    .map((slot) => ({ ...slot, endsAt: slot.scheduledFor + durationMs }))
    .filter(({ endsAt }) => endsAt > from);
  return [kind, slots] as const;
}

/** The slots that open in `(after, until]`, whatever the schedule's duration. */
export type Openings = (schedule: Schedule, after: number, until: number) => readonly Slot[];

/**
 * As `slotsBetween`, for whoever asks for the same again and again: to follow expressions through time zones takes
 * longer than all that is made of it.
 */
export function rememberOpenings(): Openings {
  const known = new Map<string, readonly Slot[]>();
  return (schedule, after, until) => {
    const key = JSON.stringify([{ ...schedule, durationMs: 0 }, after, until]);
    const slots = known.get(key) ?? slotsBetween(schedule, after, until);
    known.set(key, slots);
    return slots;
  };
}

/** The moments after which, within a day, a zone's clocks are put forward or back. */
function daysOfChange(timeZone: string, from: number, until: number): number[] {
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  const offsetAt = (at: number) =>
    format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value;
  const days = Array.from({ length: Math.ceil((until - from) / day) }, (_, index) => from + index * day);
  return days.filter((at) => offsetAt(at) !== offsetAt(at + day));
}

/** The shortest and the longest time from the opening of one slot to that of the next; the week is taken to recur. */
export function distancesOf(stretches: Timetable, kind: SyncKind): { shortest: number; longest: number } {
  const distances = stretches.flatMap(({ slots }) =>
    slots[kind].slice(1).map((slot, index) => slot.scheduledFor - (slots[kind][index]?.scheduledFor ?? 0)),
  );
  const [{ from, until, slots }] = stretches;
  const opens = slots[kind].map(({ scheduledFor }) => scheduledFor).filter((at) => at >= from);
  const around = (opens[0] ?? from) - from + until - (opens.at(-1) ?? until);
  return { shortest: Math.min(...distances), longest: Math.max(around, ...distances) };
}
