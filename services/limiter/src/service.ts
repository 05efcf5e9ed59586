import { allPartitions } from '@paceline/shared/limiter';
import { clockOrigin, fullName } from '@paceline/shared/contracts';
import { openPool, poolOrigin } from '@paceline/shared/database/pool';
import { brokerOrigin, openBus } from '@paceline/shared/messaging';
import { assertOwnState, type RunningService, type ServiceContext } from '@paceline/shared/runtime';
import { reasonOf, repeatedFailure } from '@paceline/shared/telemetry';
import { defaultUpstream, type Upstream } from '@paceline/shared/upstreams';
import { tierOf } from '@paceline/shared/upstreams/load';
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
  const broker = await brokerOrigin(bus.js);
  const own = { clock: clockOrigin(config.PACELINE_CLOCK) };
  assertOwnState({ broker }, own);
  const tier = (upstream: Upstream) =>
    upstream.name === defaultUpstream ? config.ZWIFTRACING_TIER : tierOf(upstream, process.env);
  const settings = defaultSettings(config.UPSTREAMS, tier, clock);
  const budgets = Object.values(config.UPSTREAMS).flatMap(({ name, budgets: own }) =>
    Object.keys(own).map((budget) => fullName(name, budget)),
  );
  const announce = announceOn(bus, clock.machine, budgets);
  const owner = crypto.randomUUID();
  const lost = repeatedFailure((error) => log.warn({ reason: reasonOf(error) }, 'database connection lost'));
  const database = openPool(config.DATABASE_URL, lost.failed, {
    name: 'limiter',
    connections: 2,
    maxWaitMs: 2_000,
    statementMs: 5_000,
  });
  const assertOwnDatabase = async () =>
    assertOwnState({ broker, database: await poolOrigin(database.pool) }, own);
  const openers = allPartitions.map((partition): [number, OpenPartition] => {
    const callRecord = callRecordOf(database.pool, clock, partition, assertOwnDatabase);
    const mark = { reached: 0 };
    const open: OpenPartition = (onClaimed) => {
      const journal = observed(
        openJournal(bus, partition, { history: config.RETENTION_JOURNAL, machine: clock.machine, mark }),
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
      // An owner needs the database only to take over.
      database() {
        const [error] = allPartitions.flatMap((partition) => ownership.databaseError(partition) ?? []);
        if (error) throw error;
      },
      partitions() {
        const unowned = allPartitions.filter((partition) => !ownership.ready(partition));
        const waiting = unowned.filter((partition) => !ownership.databaseError(partition));
        if (waiting.length > 0) throw new Error(`partitions without an owner: ${waiting.join(', ')}`);
      },
    },
    presence: { service: 'limiter', bus },
    async drain() {
      await ownership.close();
      await announce.flush();
    },
    async close() {
      await database.close();
      await bus.connection.drain();
    },
  };
}
