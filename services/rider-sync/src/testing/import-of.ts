import { catalog, importFreshness, type ImportRiders } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { publish } from '@paceline/shared/messaging';
import type { Stage } from '@paceline/shared/sync/testing';

/** Asks for an import as the API does: its ids are kept with the command, and the message names the command. */
export async function importOf(
  { clock, db, bus }: Stage,
  riderIds: readonly number[],
): Promise<ImportRiders> {
  const requestedAt = Math.round(clock.now());
  const commandId = crypto.randomUUID();
  const wanted = {
    commandId,
    why: 'import' as const,
    freshFrom: requestedAt - importFreshness,
    since: requestedAt,
  };
  await db.insert(tables.wantedRiders).values(riderIds.map((riderId) => ({ ...wanted, riderId })));
  await publish(bus, catalog.importRiders, { commandId, requestedAt });
  return { commandId, requestedAt };
}
