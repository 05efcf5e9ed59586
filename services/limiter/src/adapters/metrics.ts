import { meter } from '@paceline/shared/telemetry';
import type { Partition } from './partition.ts';

/** Publishes how full the windows of every account of the owned partitions are, and how many wait. */
export function measure(owned: () => readonly Partition[]): void {
  const meters = meter();
  const used = meters.createObservableGauge('paceline.limiter.window.used', { unit: '{call}' });
  const available = meters.createObservableGauge('paceline.limiter.window.available', { unit: '{call}' });
  const pending = meters.createObservableGauge('paceline.limiter.queue.pending', { unit: '{ticket}' });
  const conflicts = meters.createObservableGauge('paceline.limiter.conflicts', { unit: '{conflict}' });
  meters.addBatchObservableCallback(
    (observe) => {
      for (const { account, status } of owned().flatMap((partition) => partition.statuses())) {
        for (const [endpoint, usage] of Object.entries(status.rateLimitUsage)) {
          observe.observe(used, usage.used, { account, endpoint });
          observe.observe(available, usage.available, { account, endpoint });
        }
        observe.observe(pending, status.queue.pending, { account });
        observe.observe(conflicts, status.conflicts.count, { account });
      }
    },
    [used, available, pending, conflicts],
  );
}
