import { createHash } from 'node:crypto';
import { durationMs, type SyncKind } from '@paceline/shared/definition';
import type { Clock } from '@paceline/shared/clock';
import { tickOf } from '@paceline/shared/contracts';
import { type Database, tables } from '@paceline/shared/database';
import { publish } from '@paceline/shared/messaging';
import { desc, eq } from 'drizzle-orm';
import type { Broker } from '../broker.ts';
import type { RunListRow, TriggeredRun } from './view.ts';

const { syncRuns } = tables;

const slotMs = durationMs('10m');
/** A run that no sync can start in time starts late up to this age. */
const maxLateMs = durationMs('24h');

export function triggersWith(broker: Broker, db: Database, clock: Clock) {
  async function trigger(kind: SyncKind, slotId: string, continues?: string): Promise<TriggeredRun> {
    const bus = await broker.reach();
    const scheduledFor = Math.floor(clock.now());
    const runId = runIdOf(slotId);
    const slot = { slotId, kind, scheduledFor, endsAt: scheduledFor + slotMs, mode: 'on' } as const;
    // A requested run is still wanted after an outage.
    const late = { until: scheduledFor + maxLateMs, maxMs: slotMs };
    const tick = { ...slot, runId, late, ...(continues !== undefined && { continues }) };
    const { duplicate } = await publish(bus, tickOf[kind], tick, { id: slotId });
    return { runId, already: duplicate };
  }
  return {
    async run(kind: SyncKind): Promise<TriggeredRun> {
      const [last] = await db
        .select({ runId: syncRuns.runId, state: syncRuns.state })
        .from(syncRuns)
        .where(eq(syncRuns.kind, kind))
        .orderBy(desc(syncRuns.startedAt))
        .limit(1);
      if (last?.state === 'running') return { runId: last.runId, already: true };
      // Derived from the last run, so that concurrent requests name the same slot.
      return trigger(kind, `slot:${kind}:trigger:${last?.runId ?? 'first'}`);
    },
    /** A run for the failed and deferred work of this one; repeated requests return the same run. */
    retry: ({ kind, runId }: Pick<RunListRow, 'kind' | 'runId'>) =>
      trigger(kind, `slot:${kind}:retry:${runId}`, runId),
  };
}

export type Triggers = ReturnType<typeof triggersWith>;

function runIdOf(slotId: string): string {
  const hex = createHash('sha256').update(slotId).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Returns why a run can't be retried; undefined if it can. */
export function retryObstacle({ state, counts, error }: Pick<RunListRow, 'state' | 'counts' | 'error'>) {
  if (state === 'running') return 'The run is still in progress';
  if (state === 'done' && error === null && counts.failed === 0 && counts.deferred === 0)
    return 'The run has no failed or deferred work';
  return undefined;
}
