import { allPartitions } from '@paceline/shared/limiter';
import { clockOrigin } from '@paceline/shared/contracts';
import { openPool } from '@paceline/shared/database/pool';
import { brokerOrigin, openBus } from '@paceline/shared/messaging';
import { assertOwnState, type RunningService, type ServiceContext } from '@paceline/shared/runtime';
import { reasonOf, repeatedFailure } from '@paceline/shared/telemetry';
import { announceOn } from './adapters/announce.ts';
import { callRecordOf } from './adapters/call-record.ts';
import { observed, openJournal } from './adapters/journal.ts';
import { measure } from './adapters/metrics.ts';
import { type OpenPartition, SharedOwnership } from './adapters/ownership.ts';
import { openPartition } from './adapters/partition.ts';
import type { LimiterConfig } from './config.ts';
import { defaultSettings } from './core/settings.ts';

/** Decides who may call upstream now: owns the ledgers of its share of the partitions. */
export async function startLimiter({
  config,
  clock,
  log,
}: ServiceContext<LimiterConfig>): Promise<RunningService> {
  const { bus, checks } = await openBus(config.NATS_URL, 'limiter', log);
  assertOwnState({ broker: await brokerOrigin(bus.js) }, { clock: clockOrigin(config.PACELINE_CLOCK) });
  const settings = defaultSettings(config.ZWIFTRACING_TIER, clock);
  const announce = announceOn(bus, clock.machine);
  const owner = crypto.randomUUID();
  const lost = repeatedFailure((error) => log.warn({ reason: reasonOf(error) }, 'database connection lost'));
  const database = openPool(config.DATABASE_URL, lost.failed, { connections: 2 });
  const openers = allPartitions.map((partition): [number, OpenPartition] => {
    const callRecord = callRecordOf(database.pool, clock, partition);
    const open: OpenPartition = (onClaimed) => {
      const journal = observed(
        openJournal(bus, partition, { history: config.RETENTION_JOURNAL, machine: clock.machine }),
        onClaimed,
      );
      return openPartition({ owner, journal, callRecord, clock, settings, announce, log });
    };
    return [partition, open];
  });
  const ownership = new SharedOwnership(bus, clock.machine, owner, new Map(openers));
  measure(() => ownership.owned());
  return {
    checks: {
      ...checks,
      partitions() {
        const unowned = allPartitions.filter((partition) => !ownership.ready(partition));
        if (unowned.length > 0) throw new Error(`partitions without an owner: ${unowned.join(', ')}`);
      },
    },
    presence: { service: 'limiter', bus },
    drain: () => ownership.close(),
    async close() {
      await database.close();
      await bus.connection.drain();
    },
  };
}
