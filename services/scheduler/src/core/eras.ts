import { kindNames, type SyncKind } from '@paceline/shared/definition';
import { schedulesOf } from '@paceline/planning/slots';
import { nextSlot, type Schedule, slotsBetween } from '@paceline/planning/slots';
import type {
  SchedulePeriod,
  StoredSchedule,
  ScheduleChange,
  ScheduleSettings,
  Slot,
} from '@paceline/shared/contracts';

/** How far back it is looked for slots that were missed, project ms. */
export const longestLook = 7 * 86_400_000;
/** So many changes are remembered at the most. */
const mostEras = 50;

/** What is in force. */
export function current(eras: readonly SchedulePeriod[]): SchedulePeriod {
  const last = eras.at(-1);
  if (!last) throw new Error('there is no schedule in force');
  return last;
}

/**
 * What is kept once the variables have been read: they are in force when they were never read before or say something
 * else than last time; else whatever is in force stays. Undefined: nothing is new.
 */
export function withConfigured(
  kept: StoredSchedule | undefined,
  configured: ScheduleSettings,
  now: number,
): StoredSchedule | undefined {
  if (!kept) return { eras: [{ since: 0, settings: configured }], configured, changed: false };
  if (isSame(kept.configured, configured)) return undefined;
  return { eras: followedBy(kept, configured, now), configured, changed: false };
}

/** What is kept once the schedule has been changed; `change` null: what is configured is in force again. */
export function withChange(kept: StoredSchedule, change: ScheduleChange | null, now: number): StoredSchedule {
  const settings = change ? settingsAfter(current(kept.eras).settings, change) : kept.configured;
  return {
    eras: followedBy(kept, settings, now),
    configured: kept.configured,
    changed: change !== null && !isSame(settings, kept.configured),
  };
}

/** Settings in which what `change` names is different. */
export function settingsAfter(settings: ScheduleSettings, change: ScheduleChange): ScheduleSettings {
  const kinds = { ...settings.kinds };
  for (const kind of kindNames) {
    const before = kinds[kind];
    const { mode, opens, durationMs, skip, catchUp } = change.kinds?.[kind] ?? {};
    kinds[kind] = {
      mode: mode ?? before.mode,
      opens: opens ?? before.opens,
      durationMs: durationMs ?? before.durationMs,
      skip: skip ?? before.skip,
      catchUp: catchUp ?? before.catchUp,
    };
  }
  return { timeZone: change.timeZone ?? settings.timeZone, kinds };
}

/** An era begins after all that were before, also by a clock that is behind. */
function followedBy({ eras }: StoredSchedule, settings: ScheduleSettings, now: number): SchedulePeriod[] {
  const since = Math.max(now, (eras.at(-1)?.since ?? 0) + 1);
  const all = [...eras, { since, settings }];
  return all.filter((_, index) => (all[index + 1]?.since ?? Infinity) > now - longestLook).slice(-mostEras);
}

const isSame = (one: ScheduleSettings, other: ScheduleSettings): boolean =>
  one.timeZone === other.timeZone &&
  kindNames.every((kind) => {
    const [a, b] = [one.kinds[kind], other.kinds[kind]];
    return (
      a.mode === b.mode &&
      a.opens === b.opens &&
      a.durationMs === b.durationMs &&
      a.skip === b.skip &&
      a.catchUp === b.catchUp
    );
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

/** Undefined: the kind is off. */
export const scheduleOf = (settings: ScheduleSettings, kind: SyncKind): Schedule | undefined =>
  schedulesOf(settings).find((schedule) => schedule.kind === kind);
