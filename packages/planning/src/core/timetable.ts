import { kinds, mapValues, type SyncKind } from '@paceline/shared/definition';
import type { Slot } from '@paceline/shared/contracts';
import type { Plan } from './plan.ts';
import { type Schedule, slotsBetween } from './slots.ts';

/** A stretch of time with all slots that are open in it, oldest first. Moments are project ms. */
export interface Stretch {
  readonly from: number;
  readonly until: number;
  readonly slots: Readonly<Record<SyncKind, readonly Slot[]>>;
}

export const noSlots: Stretch['slots'] = mapValues(kinds, () => []);

/** The week that is looked at, and what else is. */
export type Timetable = readonly [Stretch, ...Stretch[]];

const day = 86_400_000;
const week = 7 * day;

/** The week from `from`, then the days around each change of summer time within a year, when slots shift. */
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

/** `slotsBetween` with a memory: following expressions through time zones is the slowest part. */
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

/** Two slots that are open at once, the one that opens first first. */
export type SlotPair = readonly [Slot, Slot];

/** The pairs of two kinds' slots that overlap, oldest first. Each list is in order, and of one duration. */
export function overlapsBetween(ones: readonly Slot[], others: readonly Slot[]): SlotPair[] {
  const pairs: SlotPair[] = [];
  let begin = 0;
  for (const one of ones) {
    while ((others[begin]?.endsAt ?? Infinity) <= one.scheduledFor) begin += 1;
    for (let index = begin; (others[index]?.scheduledFor ?? Infinity) < one.endsAt; index += 1) {
      const other = others[index];
      if (other) pairs.push(one.scheduledFor <= other.scheduledFor ? [one, other] : [other, one]);
    }
  }
  return pairs;
}

/** The slots of one kind that are still open when its next one opens, each with that one. */
export const overrunsOf = (slots: readonly Slot[]): SlotPair[] =>
  slots.flatMap((slot, index) => {
    const next = slots[index + 1];
    return next && next.scheduledFor < slot.endsAt ? [[slot, next] as const] : [];
  });

/** For how long (ms) at least one of the pairs is open together, between `from` and `until`. */
export function timeTogether(pairs: readonly SlotPair[], from: number, until: number): number {
  const spans = pairs
    .map(([a, b]) => [Math.max(from, b.scheduledFor), Math.min(until, a.endsAt, b.endsAt)] as const)
    .toSorted(([a], [b]) => a - b);
  let total = 0;
  let covered = from;
  for (const [begin, end] of spans) {
    total += Math.max(0, end - Math.max(begin, covered));
    covered = Math.max(covered, end);
  }
  return total;
}
