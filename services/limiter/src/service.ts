import { catalog } from '@paceline/shared/contracts';
import { allPartitions, partitionOf } from '@paceline/shared/limiter';
import { connect, createBus, respond } from '@paceline/shared/messaging';
import type { RunningService, ServiceContext } from '@paceline/shared/runtime';
import { announceOn } from './adapters/announce.ts';
import { openJournal } from './adapters/journal.ts';
import { measure } from './adapters/metrics.ts';
import { openPartition } from './adapters/partition.ts';
import type { LimiterConfig } from './config.ts';
import { defaultSettings } from './core/default-settings.ts';

/** Who may call upstream now: owns every partition's ledger and answers for it. */
export async function startLimiter({
  config,
  clock,
  log,
}: ServiceContext<LimiterConfig>): Promise<RunningService> {
  const connection = await connect(config.NATS_URL, 'limiter');
  const bus = createBus(connection, log);
  const settings = defaultSettings(config.ZWIFTRACING_TIER, clock);
  const announce = announceOn(bus);
  const owner = crypto.randomUUID();
  const partitions = allPartitions.map((partition) =>
    openPartition({ owner, journal: openJournal(bus, partition), clock, settings, announce, log }),
  );
  measure(partitions);
  const subscriptions = partitions.flatMap((partition, index) => [
    respond(bus, catalog.ask, { partition: index }, ({ asks }, reply) => {
      const strangers = asks.some(({ account }) => partitionOf(account) !== index);
      if (strangers) reply({ answers: asks.map(() => wrongPartition) });
      else partition.ask(asks, (answers) => reply({ answers }));
    }),
    respond(bus, catalog.status, { partition: index }, ({ account }, reply) => {
      const status = partition.status(account);
      if (status) reply(status);
    }),
  ]);
  return {
    checks: {
      broker: () => {
        if (connection.isClosed()) throw new Error('the connection to NATS is closed');
      },
      journal: () => {
        if (!partitions.every((partition) => partition.ready())) throw new Error('the journal is being read');
      },
    },
    async drain() {
      for (const subscription of subscriptions) subscription.unsubscribe();
      await Promise.all(partitions.map((partition) => partition.close()));
    },
    async close() {
      await connection.drain();
    },
  };
}

const wrongPartition = {
  answer: 'unavailable',
  reason: 'this account belongs to another partition',
} as const;
