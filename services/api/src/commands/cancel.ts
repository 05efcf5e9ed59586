import type { Clock } from '@paceline/shared/clock';
import { catalog, type Progress } from '@paceline/shared/contracts';
import { type Database, tables } from '@paceline/shared/database';
import { signal } from '@paceline/shared/messaging';
import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Broker } from '../broker.ts';
import { isCancelled } from './query.ts';

const { commands, wantedRiders } = tables;
export const cancelled = {
  state: 'failed',
  reason: 'Cancelled by an operator',
  cancelled: true,
} as const satisfies Progress;

export type CancelCommand = (commandId: string) => Promise<boolean>;

export const cancelCommandWith =
  (broker: Broker, db: Database, clock: Clock): CancelCommand =>
  async (commandId) => {
    const bus = await broker.reach();
    const now = Math.floor(clock.now());
    const hasEnded = await db.transaction(async (tx) => {
      const isWaiting = and(isNull(commands.finishedAt), sql`${commands.progress} ->> 'state' <> 'running'`);
      const [ended] = await tx
        .update(commands)
        .set({ progress: cancelled, updatedAt: now, finishedAt: now })
        .where(and(eq(commands.commandId, commandId), isWaiting))
        .returning({ commandId: commands.commandId });
      if (!ended) return false;
      // Skips riders that a running call has locked: that call sets their outcome.
      await tx.execute(sql`
        update ${wantedRiders}
        set outcome = 'failed', reason = ${cancelled.reason}, ended_at = ${new Date(now).toISOString()}
        where (command_id, rider_id) in (
          select command_id, rider_id from ${wantedRiders}
          where command_id = ${commandId} and outcome is null
          order by rider_id for update skip locked)`);
      return true;
    });
    if (hasEnded) signal(bus, catalog.commandCancelled, {}, { commandId });
    return hasEnded || (await isCancelledAlready(db, commandId));
  };

async function isCancelledAlready(db: Database, commandId: string): Promise<boolean> {
  return (await db.$count(commands, and(eq(commands.commandId, commandId), isCancelled))) > 0;
}
