import { fullName, upstreamOf } from '@paceline/shared/contracts';
import { meter } from '@paceline/shared/telemetry';
import type { Partition } from './partition.ts';

/** Metrics are published for at most this many accounts. */
const maxAccounts = 100;

/** Publishes owned partitions, window usage, queue lengths, conflicts and estimate accuracy. */
export function measure(owned: () => readonly Partition[]): void {
  const meters = meter();
  const gauge = (name: string, unit: string) =>
    meters.createObservableGauge(`paceline.limiter.${name}`, { unit });
  const counter = (name: string, unit: string, description: string) =>
    meters.createObservableCounter(`paceline.limiter.${name}`, { unit, description });
  const partitions = gauge('partitions.owned', '{partition}');
  const used = gauge('window.used', '{call}');
  const available = gauge('window.available', '{call}');
  const limit = gauge('window.limit', '{call}');
  const length = gauge('window.length', 's');
  const pending = gauge('queue.pending', '{ticket}');
  const oldest = gauge('queue.oldest', 's');
  const conflicts = counter('conflicts', '{conflict}', 'Requests that had to wait because of another sync');
  const estimates = counter(
    'estimates',
    '{estimate}',
    'First estimates of waiting requests, kept and missed',
  );
  meters.addBatchObservableCallback(
    (observe) => {
      observe.observe(partitions, owned().length);
      for (const { account, partition } of measured(owned())) {
        const status = partition.status(account);
        const view = partition.windows(account, 0);
        const waiting = partition.queueStats(account);
        if (!status || !view || !waiting) continue;
        const of = (budget: string) => ({ account, endpoint: fullName(upstreamOf(account), budget) });
        for (const [budget, usage] of Object.entries(status.rateLimitUsage)) {
          observe.observe(used, usage.used, of(budget));
          observe.observe(available, usage.available, of(budget));
        }
        for (const { endpoint: budget, policy } of view.windows) {
          observe.observe(limit, policy.limit, { ...of(budget), source: policy.from });
          observe.observe(length, policy.windowMs / 1_000, of(budget));
        }
        for (const [budget, { forced, scheduled }] of Object.entries(waiting.longest)) {
          observe.observe(oldest, forced / 1_000, { ...of(budget), lanes: 'forced' });
          observe.observe(oldest, scheduled / 1_000, { ...of(budget), lanes: 'scheduled' });
        }
        for (const [lane, count] of Object.entries(waiting.lanes))
          observe.observe(pending, count, { account, lane });
        observe.observe(conflicts, status.conflicts.count, { account });
        observe.observe(estimates, view.estimates.kept, { account, outcome: 'kept' });
        observe.observe(estimates, view.estimates.missed, { account, outcome: 'missed' });
      }
    },
    [partitions, used, available, limit, length, pending, oldest, conflicts, estimates],
  );
}

function* measured(partitions: readonly Partition[]): Generator<{ account: string; partition: Partition }> {
  let count = 0;
  for (const partition of partitions) {
    for (const account of partition.accounts()) {
      if (count >= maxAccounts) return;
      count += 1;
      yield { account, partition };
    }
  }
}
