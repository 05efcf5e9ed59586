import type { StreamedEvent } from '@paceline/shared/contracts';
import { type Database, isBadData, tables } from '@paceline/shared/database';
import { reportedConflict } from './view.ts';
import type { Logger } from '@paceline/shared/telemetry';

/** Stores conflicts, idempotently. Skips those that Postgres can't store (NUL in a text). */
export async function storeConflicts(
  db: Database,
  events: readonly StreamedEvent[],
  log: Logger,
): Promise<void> {
  const rows = events.flatMap((event) => {
    if (event.name !== 'conflict') return [];
    const { expectedWaitMs, ...conflict } = reportedConflict(event.payload);
    return [{ ...conflict, sequence: event.sequence, expectedWaitMs: Math.round(expectedWaitMs) }];
  });
  if (rows.length === 0) return;
  try {
    await db.insert(tables.conflicts).values(rows).onConflictDoNothing();
  } catch (error) {
    if (!isBadData(error)) throw error;
    const [first, ...others] = events;
    if (others.length > 0) {
      for (const each of events) await storeConflicts(db, [each], log);
    } else log.error({ err: error, sequence: first?.sequence }, 'skipped an event that cannot be stored');
  }
}
