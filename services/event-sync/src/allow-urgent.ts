import type { ScheduleBucket } from '@paceline/shared/messaging';
import type { Sync } from '@paceline/shared/sync';
import type { Candidate } from './core/choose.ts';

/** Of events that are about to start, those that may be called for now. */
export type AllowUrgent = (urgent: readonly Candidate[]) => Promise<readonly Candidate[]>;

/** All while the near sync is on. None while it is off; nor while it is observed, but then each is told of once. */
export function allowUrgent({ log }: Sync, { modeOf }: ScheduleBucket): AllowUrgent {
  const told = new Set<string>();
  return async (urgent) => {
    if (urgent.length === 0) return urgent;
    const mode = await modeOf('near');
    if (mode === 'on') return urgent;
    for (const { eventId } of mode === 'observed' ? urgent : []) {
      if (told.has(eventId)) continue;
      told.add(eventId);
      log.info({ eventId, observed: told.size }, 'an event is about to start: observed, and not called for');
    }
    return [];
  };
}
