import type { Clock } from '@paceline/shared/clock';
import { tickOf } from '@paceline/shared/contracts';
import { type Database, tables } from '@paceline/shared/database';
import { publish, storedMessageIds } from '@paceline/shared/messaging';
import { type Logger, repeatedFailure } from '@paceline/shared/telemetry';
import { and, eq, lt } from 'drizzle-orm';
import type { Broker } from '../broker.ts';
import { repeatWhileBusy } from '../repeat.ts';

const { syncRuns } = tables;

interface Ports {
  readonly broker: Broker;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Real ms. */
const graceMs = 2_000;
/** Ticks of one kind that are looked at. With more of them, none counts as lost. */
const maxTicks = 100;

/** Publishes the ticks of running runs that the broker has lost again: without its tick, no process continues a run. */
export function republishLostTicks({ broker, db, clock, log }: Ports) {
  const failures = repeatedFailure((err) => log.warn({ err }, 'check for lost ticks failed, retrying'));
  const running = (before: number) =>
    db
      .select()
      .from(syncRuns)
      .where(and(eq(syncRuns.state, 'running'), lt(syncRuns.startedAt, before)));
  /** @returns whether there are running runs */
  const sweep = async (): Promise<boolean> => {
    try {
      const runs = await running(clock.now() - clock.toProjectMs(graceMs));
      for (const run of runs) {
        const { runId, slotId, kind, scheduledFor, slotEndsAt: endsAt, mode } = run;
        const bus = broker.bus();
        const ids = await storedMessageIds(bus, tickOf[kind], maxTicks);
        const isStored = ids.length === maxTicks || ids.some((id) => `${id}:`.startsWith(`${slotId}:`));
        if (isStored || !(await isRunning(db, runId))) continue;
        const tick = { runId, slotId, kind, scheduledFor, endsAt, mode };
        // The broker would drop the first id as a duplicate.
        const { duplicate } = await publish(bus, tickOf[kind], tick, { id: `${slotId}:lost` });
        if (!duplicate) log.warn({ runId, slotId }, 'tick lost by the broker, published again');
      }
      failures.succeeded();
      return runs.length > 0;
    } catch (error) {
      failures.failed(error);
      return true;
    }
  };
  return repeatWhileBusy(clock.machine, sweep, graceMs);
}

/** Handled ticks are gone too, but a service stores the end of a run before it acknowledges. */
const isRunning = async (db: Database, runId: string): Promise<boolean> =>
  (await db.$count(syncRuns, and(eq(syncRuns.runId, runId), eq(syncRuns.state, 'running')))) > 0;
