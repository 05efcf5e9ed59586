import type { Clock } from '@paceline/shared/clock';
import type { ScheduleSettings } from '@paceline/shared/contracts';
import { retryWhileUnavailable } from '@paceline/shared/messaging';
import type { Logger } from '@paceline/shared/telemetry';
import type { ScheduleStore } from '../adapters/bucket-stores.ts';
import { withConfigured } from '../core/schedule.ts';

/** Puts the configured schedule in force if the variables have changed since they were last read. */
export async function applyConfigured(
  log: Logger,
  schedules: Pick<ScheduleStore, 'find' | 'replace'>,
  configured: ScheduleSettings,
  clock: Clock,
): Promise<void> {
  for (;;) {
    const { version, stored, problem } = await schedules.find();
    // Not replaced: another version of Paceline may be able to read it.
    if (problem !== undefined) return;
    const updated = withConfigured(stored, configured, Math.round(clock.now()));
    // If only the answer is lost, the repeated request finds another version, and the schedule is read again.
    if (!updated || (await retryWhileUnavailable(() => schedules.replace(version, updated)))) {
      log.info({ changed: (updated ?? stored)?.changed, isNew: Boolean(updated) }, 'schedule in force');
      return;
    }
  }
}
