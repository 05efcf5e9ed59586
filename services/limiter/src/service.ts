import { allPartitions } from '@paceline/shared/limiter';
import { connect, createBus } from '@paceline/shared/messaging';
import type { RunningService, ServiceContext } from '@paceline/shared/runtime';
import { announceOn } from './adapters/announce.ts';
import { firstStartOf } from './adapters/first-start.ts';
import { openJournal } from './adapters/journal.ts';
import { measure } from './adapters/metrics.ts';
import { holdPartition } from './adapters/ownership.ts';
import { openPartition } from './adapters/partition.ts';
import type { LimiterConfig } from './config.ts';
import { defaultSettings } from './core/default-settings.ts';

/** Who may call upstream now: owns the ledger of every partition that nobody else owns, and answers for it. */
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
  const held = allPartitions.map((partition) => {
    const journal = openJournal(bus, partition);
    const firstStart = firstStartOf(bus, partition);
    return holdPartition(bus, partition, () =>
      openPartition({ owner, journal, firstStart, clock, settings, announce, log }),
    );
  });
  const owned = () => held.flatMap((each) => each.current() ?? []);
  measure(owned);
  return {
    checks: {
      async broker() {
        await connection.rtt();
      },
      journal() {
        if (!held.every((each) => each.ready())) throw new Error('the journal is being read');
      },
    },
    async drain() {
      await Promise.all(held.map((each) => each.close()));
    },
    async close() {
      await connection.drain();
    },
  };
}
