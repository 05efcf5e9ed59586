import { meter } from '@paceline/shared/telemetry';
import type { Partition } from './partition.ts';

/** Of more accounts than this only the first ones are measured one by one. */
const mostAccounts = 100;

/** Publishes how many partitions are owned, how full the windows in them are, how many wait, and what was promised. */
export function measure(owned: () => readonly Partition[]): void {
  const meters = meter();
  const partitions = meters.createObservableGauge('paceline.limiter.partitions.owned', {
    unit: '{partition}',
  });
  const used = meters.createObservableGauge('paceline.limiter.window.used', { unit: '{call}' });
  const available = meters.createObservableGauge('paceline.limiter.window.available', { unit: '{call}' });
  const pending = meters.createObservableGauge('paceline.limiter.queue.pending', { unit: '{ticket}' });
  const conflicts = meters.createObservableGauge('paceline.limiter.conflicts', { unit: '{conflict}' });
  const promises = meters.createObservableGauge('paceline.limiter.promises', {
    unit: '{promise}',
    description: 'First promises to waiters since this limiter took over, kept and broken',
  });
  meters.addBatchObservableCallback(
    (observe) => {
      observe.observe(partitions, owned().length);
      for (const { account, partition } of measured(owned())) {
        const status = partition.status(account);
        const view = partition.windows(account);
        if (!status || !view) continue;
        for (const [endpoint, usage] of Object.entries(status.rateLimitUsage)) {
          observe.observe(used, usage.used, { account, endpoint });
          observe.observe(available, usage.available, { account, endpoint });
        }
        observe.observe(pending, status.queue.pending, { account });
        observe.observe(conflicts, status.conflicts.count, { account });
        observe.observe(promises, view.promises.kept, { account, outcome: 'kept' });
        observe.observe(promises, view.promises.broken, { account, outcome: 'broken' });
      }
    },
    [partitions, used, available, pending, conflicts, promises],
  );
}

function* measured(partitions: readonly Partition[]): Generator<{ account: string; partition: Partition }> {
  let count = 0;
  for (const partition of partitions) {
    for (const account of partition.accounts()) {
      if (count >= mostAccounts) return;
      count += 1;
      yield { account, partition };
    }
  }
}
