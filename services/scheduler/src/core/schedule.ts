import { kindNames, mapValues, type SyncKind } from '@paceline/shared/definition';
import { nextSlot, type KindSchedule, schedulesOf, slotsBetween } from '@paceline/planning/slots';
import type {
  PausedUntil,
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
  const pausedUntil = pausesAfter(currentPeriod(stored.periods), {}, now);
  return {
    periods: withPeriod(stored, { settings: configured, pausedUntil }, now),
    configured,
    changed: false,
  };
}

/** The stored schedule after a change; a `change` of null restores the configured one. Undefined: nothing changes. */
export function withChange(
  stored: StoredSchedule,
  change: ScheduleChange | null,
  now: number,
): StoredSchedule | undefined {
  const current = currentPeriod(stored.periods);
  const settings = change ? settingsAfter(current.settings, change) : stored.configured;
  const pausedUntil = change ? pausesAfter(current, change, now) : {};
  const isPausedAsBefore = kindNames.every((kind) => pausedUntil[kind] === pauseOf(current, kind, now));
  if (isSame(settings, current.settings) && isPausedAsBefore) return undefined;
  return {
    periods: withPeriod(stored, { settings, pausedUntil }, now),
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

/** When the pause of a kind ends; undefined: it is not paused. */
export function pauseOf({ pausedUntil }: SchedulePeriod, kind: SyncKind, now: number): number | undefined {
  const until = pausedUntil?.[kind];
  return until !== undefined && until > now ? until : undefined;
}

/** The pauses after a change, without those that have ended. */
function pausesAfter(period: SchedulePeriod, change: ScheduleChange, now: number): PausedUntil {
  const pauses = kindNames.map((kind) => {
    const until = change.pausedUntil?.[kind];
    return [kind, until === undefined ? pauseOf(period, kind, now) : until] as const;
  });
  return Object.fromEntries(
    pauses.filter(([, until]) => until !== undefined && until !== null && until > now),
  );
}

/** Adds a period, which starts after all earlier ones even if this clock is behind. Drops old periods. */
function withPeriod(
  { periods }: StoredSchedule,
  period: Omit<SchedulePeriod, 'since'>,
  now: number,
): SchedulePeriod[] {
  const since = Math.max(now, (periods.at(-1)?.since ?? 0) + 1);
  const all = [...periods, { since, ...period }];
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
  periods.flatMap((period, index) => {
    const schedule = scheduleOf(period.settings, kind);
    const [from, end] = [earliest(period, kind, after), Math.min(until, periods[index + 1]?.since ?? until)];
    return schedule && from < end ? slotsBetween(schedule, from, end) : [];
  });

/** When the next slot of a kind opens, project ms; Infinity for never. */
export function nextOpening(period: SchedulePeriod, kind: SyncKind, now: number): number {
  const schedule = scheduleOf(period.settings, kind);
  return schedule ? nextSlot(schedule, earliest(period, kind, now)) : Infinity;
}

/** Slots open later than this; one can open the moment a pause ends. */
const earliest = ({ since, pausedUntil }: SchedulePeriod, kind: SyncKind, after: number): number =>
  Math.max(after, since, (pausedUntil?.[kind] ?? 0) - 1);

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
  return {
    version,
    settings,
    pausedUntil: pausesAfter(period, {}, now),
    since,
    changed: stored.changed,
    next: Object.fromEntries(next),
  };
}
