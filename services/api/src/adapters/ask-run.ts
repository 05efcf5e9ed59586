import type { SyncKind } from '@paceline/shared/definition';
import { createHash } from 'node:crypto';
import type { Clock } from '@paceline/shared/clock';
import { tickOf } from '@paceline/shared/contracts';
import { type Database, tables } from '@paceline/shared/database';
import { publish } from '@paceline/shared/messaging';
import { desc, eq } from 'drizzle-orm';
import { slotAskedFor, slotOfRetry } from '../core/asked-run.ts';
import type { Broker } from './broker.ts';

const { syncRuns } = tables;

/** Project ms that a run that is asked for may take: as long as a slot. */
const longMs = 600_000;

/** A run that was asked for; `already`: one of its kind was under way or asked for, and this is it. */
export interface AskedRun {
  readonly runId: string;
  readonly already: boolean;
}

/** Asks for runs out of turn. @throws {BrokerAway} */
export interface AskRun {
  /** A run of this kind now, unless one is under way. */
  now(kind: SyncKind): Promise<AskedRun>;
  /** A run that goes on with what another one has not done; the same one however often it is asked for. */
  again(kind: SyncKind, runId: string): Promise<AskedRun>;
}

export function askRunWith(broker: Broker, db: Database, clock: Clock): AskRun {
  async function ask(kind: SyncKind, slotId: string, continues?: string): Promise<AskedRun> {
    const bus = await broker.reach();
    const scheduledFor = Math.floor(clock.now());
    const runId = idOf(slotId);
    const slot = { slotId, kind, scheduledFor, endsAt: scheduledFor + longMs, mode: 'on' } as const;
    const tick = { ...slot, runId, ...(continues !== undefined && { continues }) };
    const { duplicate } = await publish(bus, tickOf[kind], tick, { id: slotId });
    return { runId, already: duplicate };
  }
  return {
    async now(kind) {
      const [last] = await db
        .select({ runId: syncRuns.runId, state: syncRuns.state })
        .from(syncRuns)
        .where(eq(syncRuns.kind, kind))
        .orderBy(desc(syncRuns.startedAt))
        .limit(1);
      if (last?.state === 'running') return { runId: last.runId, already: true };
      return ask(kind, slotAskedFor(kind, last?.runId));
    },
    again: (kind, runId) => ask(kind, slotOfRetry(kind, runId), runId),
  };
}

/** The id of the run of a slot that somebody asks for: known before the run is there. */
function idOf(slotId: string): string {
  const hex = createHash('sha256').update(slotId).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
