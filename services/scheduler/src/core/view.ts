import { kindNames } from '@paceline/shared/definition';
import { slotsBetween } from '@paceline/planning/slots';
import { type StoredSchedule, type ScheduleInForce } from '@paceline/shared/contracts';
import { current, nextOpening, scheduleOf } from './eras.ts';

/** So many slots of each kind are shown. */
const shown = 3;

/** The schedule in force as it is told, with the slots that open next. */
export function viewOf(version: number, kept: StoredSchedule, now: number): ScheduleInForce {
  const era = current(kept.eras);
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
  return { version, settings, since, changed: kept.changed, next: Object.fromEntries(next) };
}
