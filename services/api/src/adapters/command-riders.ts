import { type Database, tables } from '@paceline/shared/database';
import { and, eq, isNull } from 'drizzle-orm';
import type { CommandRiderRow, RiderOutcome } from '../core/command-rider.ts';
import { behind, type Order, ordered, type PageQuery } from './keyset.ts';

const { wantedRiders } = tables;
const byId: Order = { columns: [wantedRiders.riderId], direction: 'asc' };

/** Up to `limit` + 1 riders of an import, by their id. */
export const listCommandRiders = (
  db: Database,
  { commandId, outcome }: { readonly commandId: string; readonly outcome: RiderOutcome | undefined },
  { limit, after }: PageQuery<readonly [number]>,
): Promise<CommandRiderRow[]> =>
  db
    .select({
      riderId: wantedRiders.riderId,
      outcome: wantedRiders.outcome,
      reason: wantedRiders.reason,
      endedAt: wantedRiders.endedAt,
    })
    .from(wantedRiders)
    .where(
      and(
        eq(wantedRiders.commandId, commandId),
        outcome === 'waiting' ? isNull(wantedRiders.outcome) : outcome && eq(wantedRiders.outcome, outcome),
        behind(byId, after),
      ),
    )
    .orderBy(...ordered(byId))
    .limit(limit + 1);
