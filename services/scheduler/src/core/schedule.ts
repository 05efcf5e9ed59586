import { kindNames, mapValues, type SyncKind } from '@paceline/shared/definition';
import { nextSlot, type Schedule, schedulesOf, slotsBetween } from '@paceline/planning/slots';
import type {
  ScheduleChange,
  ScheduleInForce,
  SchedulePeriod,
  ScheduleSettings,
  Slot,
  SlotSettings,
  StoredSchedule,
} from '@paceline/shared/contracts';

/** How far back missed slots are looked for, project ms. */
export const longestLook = 7 * 86_400_000;
const mostEras = 50;

export function current(eras: readonly SchedulePeriod[]): SchedulePeriod {
  const last = eras.at(-1);
  if (!last) throw new Error('there is no schedule in force');
  return last;
}

/** Newly read variables are in force if they differ from last time. Undefined: what is in force stays. */
export function withConfigured(
  stored: StoredSchedule | undefined,
  configured: ScheduleSettings,
  now: number,
): StoredSchedule | undefined {
  if (!stored) return { periods: [{ since: 0, settings: configured }], configured, changed: false };
  if (isSame(stored.configured, configured)) return undefined;
  return { periods: followedBy(stored, configured, now), configured, changed: false };
}

/** What is stored once the schedule has been changed; `change` null: what is configured is in force again. */
export function withChange(
  stored: StoredSchedule,
  change: ScheduleChange | null,
  now: number,
): StoredSchedule {
  const settings = change ? settingsAfter(current(stored.periods).settings, change) : stored.configured;
  return {
    periods: followedBy(stored, settings, now),
    configured: stored.configured,
    changed: change !== null && !isSame(settings, stored.configured),
  };
}

/** Settings in which what `change` names is different. */
export function settingsAfter(settings: ScheduleSettings, change: ScheduleChange): ScheduleSettings {
  const kinds = mapValues(
    settings.kinds,
    (before, kind) =>
      mapValues(before, (value, name) => change.kinds?.[kind]?.[name] ?? value) as SlotSettings,
  );
  return { timeZone: change.timeZone ?? settings.timeZone, kinds };
}

/** An era begins after all that were before, also by a clock that is behind. */
function followedBy({ periods }: StoredSchedule, settings: ScheduleSettings, now: number): SchedulePeriod[] {
  const since = Math.max(now, (periods.at(-1)?.since ?? 0) + 1);
  const all = [...periods, { since, settings }];
  return all.filter((_, index) => (all[index + 1]?.since ?? Infinity) > now - longestLook).slice(-mostEras);
}

const isSame = (one: ScheduleSettings, other: ScheduleSettings): boolean =>
  one.timeZone === other.timeZone &&
  kindNames.every((kind) => {
    const [a, b] = [one.kinds[kind], other.kinds[kind]];
    return (Object.keys(a) as Array<keyof SlotSettings>).every((setting) => a[setting] === b[setting]);
  });

/** The slots of a kind that were to open in `(after, until]`, oldest first: each era's in its time. */
export const slotsOf = (
  eras: readonly SchedulePeriod[],
  kind: SyncKind,
  after: number,
  until: number,
): Slot[] =>
  eras.flatMap(({ since, settings }, index) => {
    const schedule = scheduleOf(settings, kind);
    const [from, end] = [Math.max(after, since), Math.min(until, eras[index + 1]?.since ?? until)];
    return schedule && from < end ? slotsBetween(schedule, from, end) : [];
  });

/** When the next slot of a kind opens; Infinity: never, as things stand. */
export function nextOpening({ since, settings }: SchedulePeriod, kind: SyncKind, now: number): number {
  const schedule = scheduleOf(settings, kind);
  return schedule ? nextSlot(schedule, Math.max(now, since)) : Infinity;
}

const scheduleOf = (settings: ScheduleSettings, kind: SyncKind): Schedule | undefined =>
  schedulesOf(settings).find((schedule) => schedule.kind === kind);

const shown = 3;

/** The schedule in force, with the slots that open next. */
export function viewOf(version: number, stored: StoredSchedule, now: number): ScheduleInForce {
  const era = current(stored.periods);
  const { since, settings } = era;
  const next = kindNames.map((kind) => {
    const schedule = scheduleOf(settings, kind);
    const slots = [];
    for (let at = now; schedule && slots.length < shown;) {
      at = nextOpening(era, kind, at);
      if (at === Infinity) break;
      slots.push(...slotsBetween(schedule, at - 1, at));
    }
    return [
      kind,
      slots.map(({ slotId, scheduledFor, endsAt }) => ({ slotId, opensAt: scheduledFor, endsAt })),
    ];
  });
  return { version, settings, since, changed: stored.changed, next: Object.fromEntries(next) };
}
