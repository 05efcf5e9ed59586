import { kindNames, mapValues, type SyncKind } from '@paceline/shared/definition';
import { nextSlot, type KindSchedule, schedulesOf, slotsBetween } from '@paceline/planning/slots';
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
export const maxLookBackMs = 7 * 86_400_000;
const maxPeriods = 50;

export function currentPeriod(periods: readonly SchedulePeriod[]): SchedulePeriod {
  const last = periods.at(-1);
  if (!last) throw new Error('there is no schedule in force');
  return last;
}

/** The schedule before any change. */
export const configuredSchedule = (configured: ScheduleSettings): StoredSchedule => ({
  periods: [{ since: 0, settings: configured }],
  configured,
  changed: false,
});

/** The configured schedule as the new one; undefined when the variables haven't changed since they were last read. */
export function withConfigured(
  stored: StoredSchedule | undefined,
  configured: ScheduleSettings,
  now: number,
): StoredSchedule | undefined {
  if (!stored) return configuredSchedule(configured);
  if (isSame(stored.configured, configured)) return undefined;
  return { periods: withPeriod(stored, configured, now), configured, changed: false };
}

/** The stored schedule after a change; a `change` of null restores the configured one. Undefined: nothing changes. */
export function withChange(
  stored: StoredSchedule,
  change: ScheduleChange | null,
  now: number,
): StoredSchedule | undefined {
  const current = currentPeriod(stored.periods).settings;
  const settings = change ? settingsAfter(current, change) : stored.configured;
  if (isSame(settings, current)) return undefined;
  return {
    periods: withPeriod(stored, settings, now),
    configured: stored.configured,
    changed: change !== null && !isSame(settings, stored.configured),
  };
}

export function settingsAfter(settings: ScheduleSettings, change: ScheduleChange): ScheduleSettings {
  const kinds = mapValues(
    settings.kinds,
    (before, kind) =>
      mapValues(before, (value, name) => change.kinds?.[kind]?.[name] ?? value) as SlotSettings,
  );
  return { timeZone: change.timeZone ?? settings.timeZone, kinds };
}

/** Adds a period, which starts after all earlier ones even if this clock is behind. Drops old periods. */
function withPeriod({ periods }: StoredSchedule, settings: ScheduleSettings, now: number): SchedulePeriod[] {
  const since = Math.max(now, (periods.at(-1)?.since ?? 0) + 1);
  const all = [...periods, { since, settings }];
  return all
    .filter((_, index) => (all[index + 1]?.since ?? Infinity) > now - maxLookBackMs)
    .slice(-maxPeriods);
}

const isSame = (one: ScheduleSettings, other: ScheduleSettings): boolean =>
  one.timeZone === other.timeZone &&
  kindNames.every((kind) => {
    const [a, b] = [one.kinds[kind], other.kinds[kind]];
    return (Object.keys(a) as Array<keyof SlotSettings>).every((setting) => a[setting] === b[setting]);
  });

/** The slots of a kind due in `(after, until]`, oldest first, by the settings of each period. */
export const slotsOf = (
  periods: readonly SchedulePeriod[],
  kind: SyncKind,
  after: number,
  until: number,
): Slot[] =>
  periods.flatMap(({ since, settings }, index) => {
    const schedule = scheduleOf(settings, kind);
    const [from, end] = [Math.max(after, since), Math.min(until, periods[index + 1]?.since ?? until)];
    return schedule && from < end ? slotsBetween(schedule, from, end) : [];
  });

/** When the next slot of a kind opens, project ms; Infinity for never. */
export function nextOpening({ since, settings }: SchedulePeriod, kind: SyncKind, now: number): number {
  const schedule = scheduleOf(settings, kind);
  return schedule ? nextSlot(schedule, Math.max(now, since)) : Infinity;
}

const scheduleOf = (settings: ScheduleSettings, kind: SyncKind): KindSchedule | undefined =>
  schedulesOf(settings).find((schedule) => schedule.kind === kind);

const shownSlots = 3;

/** The schedule in force, with the slots that open next. */
export function viewOf(version: number, stored: StoredSchedule, now: number): ScheduleInForce {
  const period = currentPeriod(stored.periods);
  const { since, settings } = period;
  const next = kindNames.map((kind) => {
    const schedule = scheduleOf(settings, kind);
    const slots = [];
    for (let at = now; schedule && slots.length < shownSlots;) {
      at = nextOpening(period, kind, at);
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
