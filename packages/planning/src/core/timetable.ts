import { kinds, mapValues, type SyncKind } from '@paceline/shared/definition';
import type { Slot } from '@paceline/shared/contracts';
import type { Plan } from './plan.ts';
import { type KindSchedule, offsetsOf, slotsBetween } from './slots.ts';

/** A stretch of time with every slot that is open in it, oldest first. Times are project ms. */
export interface Stretch {
  readonly from: number;
  readonly until: number;
  readonly slots: Readonly<Record<SyncKind, readonly Slot[]>>;
}

export const noSlots: Stretch['slots'] = mapValues(kinds, () => []);

/** The week, then the stretches around clock changes. */
export type Timetable = readonly [Stretch, ...Stretch[]];

const day = 86_400_000;
const week = 7 * day;

/** The week from `from`, and the days around each clock change within a year, when slots shift. */
export function timetableOf(
  { schedules }: Pick<Plan, 'schedules'>,
  from: number,
  findSlots: SlotFinder = slotsBetween,
): Timetable {
  const zones = [...new Set(schedules.map(({ timeZone }) => timeZone))];
  const changes = zones.flatMap((zone) => clockChangeDays(zone, from + week, from + 366 * day));
  const stretch = (start: number, until: number): Stretch => ({
    from: start,
    until,
    slots: {
      ...noSlots,
      ...Object.fromEntries(schedules.map((each) => slotsIn(each, start, until, findSlots))),
    },
  });
  return [stretch(from, from + week), ...changes.map((change) => stretch(change - day, change + 2 * day))];
}

/** Includes slots that opened earlier and are still open at `from`. */
function slotsIn(schedule: KindSchedule, from: number, until: number, findSlots: SlotFinder) {
  const { kind, durationMs } = schedule;
  const lookBack = Math.ceil(Math.min(durationMs, week) / day) * day;
  const slots = findSlots(schedule, from - lookBack, until - 1)
    .map((slot) => ({ ...slot, endsAt: slot.scheduledFor + durationMs }))
    .filter(({ endsAt }) => endsAt > from);
  return [kind, slots] as const;
}

/** Finds the slots that open in `(after, until]`. */
export type SlotFinder = (schedule: KindSchedule, after: number, until: number) => readonly Slot[];

/** Memoized `slotsBetween`: evaluating cron expressions in time zones is the slowest part. */
export function memoizedSlots(): SlotFinder {
  const known = new Map<string, readonly Slot[]>();
  return (schedule, after, until) => {
    const key = JSON.stringify([{ ...schedule, durationMs: 0 }, after, until]);
    const slots = known.get(key) ?? slotsBetween(schedule, after, until);
    known.set(key, slots);
    return slots;
  };
}

/** The days (start in project ms) in which a zone's clocks change. */
function clockChangeDays(timeZone: string, from: number, until: number): number[] {
  const offsetAt = offsetsOf(timeZone);
  const days = Array.from({ length: Math.ceil((until - from) / day) }, (_, index) => from + index * day);
  return days.filter((at) => offsetAt(at) !== offsetAt(at + day));
}

/** Shortest and longest time from one slot's opening to the next, as if the week repeated; project ms. */
export function spacingOf(stretches: Timetable, kind: SyncKind): { shortest: number; longest: number } {
  const spacings = stretches.flatMap(({ slots }) =>
    slots[kind].slice(1).map((slot, index) => slot.scheduledFor - (slots[kind][index]?.scheduledFor ?? 0)),
  );
  const [{ from, until, slots }] = stretches;
  const opens = slots[kind].map(({ scheduledFor }) => scheduledFor).filter((at) => at >= from);
  const acrossWeeks = (opens[0] ?? from) - from + until - (opens.at(-1) ?? until);
  return { shortest: Math.min(...spacings), longest: Math.max(acrossWeeks, ...spacings) };
}

/** Two overlapping slots, the earlier one first. */
export type SlotPair = readonly [Slot, Slot];

/** Overlapping slots of two kinds, oldest first. Each list must be sorted, with slots of one duration. */
export function overlapsBetween(ones: readonly Slot[], others: readonly Slot[]): SlotPair[] {
  const pairs: SlotPair[] = [];
  let start = 0;
  for (const one of ones) {
    while ((others[start]?.endsAt ?? Infinity) <= one.scheduledFor) start += 1;
    for (let index = start; (others[index]?.scheduledFor ?? Infinity) < one.endsAt; index += 1) {
      const other = others[index];
      if (other) pairs.push(one.scheduledFor <= other.scheduledFor ? [one, other] : [other, one]);
    }
  }
  return pairs;
}

/** Slots that are still open when the next one of their kind opens, each with that next one. */
export const overrunsOf = (slots: readonly Slot[]): SlotPair[] =>
  slots.flatMap((slot, index) => {
    const next = slots[index + 1];
    return next && next.scheduledFor < slot.endsAt ? [[slot, next] as const] : [];
  });

/** Time (ms) between `from` and `until` in which at least one pair overlaps. */
export function overlapMs(pairs: readonly SlotPair[], from: number, until: number): number {
  const spans = pairs
    .map(([a, b]) => [Math.max(from, b.scheduledFor), Math.min(until, a.endsAt, b.endsAt)] as const)
    .toSorted(([a], [b]) => a - b);
  let total = 0;
  let covered = from;
  for (const [start, end] of spans) {
    total += Math.max(0, end - Math.max(start, covered));
    covered = Math.max(covered, end);
  }
  return total;
}
