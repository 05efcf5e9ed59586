import type { Clock } from '@paceline/shared/clock';
import type { Database } from '@paceline/shared/database';
import type { Logger } from '@paceline/shared/telemetry';
import { forgetBatch, forgettable, type Retention } from './retention.ts';
import { type Rounds, rounds } from './rounds.ts';

/** Real ms. */
const pauseMs = 60_000;
/** Rows in one transaction: whoever waits for one of their locks waits for milliseconds. */
const atOnce = 1_000;

/**
 * Forgets what is older than it is kept, at once and then every minute, in small batches. Of several processes one does
 * so at a time.
 */
export function startHousekeeping(db: Database, retention: Retention, clock: Clock, log: Logger): Rounds {
  let stopped = false;
  const round = async () => {
    try {
      const forgotten = await forgetOld(db, retention, clock.now(), { atOnce, stopped: () => stopped });
      if (Object.keys(forgotten).length > 0) log.info({ forgotten }, 'forgot what is old');
    } catch (error) {
      log.warn({ err: error }, 'what is old could not be forgotten');
    }
  };
  const running = rounds(clock.machine, round, pauseMs);
  return {
    stop() {
      stopped = true;
      return running.stop();
    },
  };
}

/**
 * Forgets all that is older at `now` (project ms) than it is kept, `atOnce` rows in a transaction.
 * @returns how many rows of what are gone, where there were any
 */
export async function forgetOld(
  db: Database,
  retention: Retention,
  now: number,
  { atOnce: most, stopped = () => false }: { atOnce: number; stopped?: () => boolean },
): Promise<Record<string, number>> {
  const forgotten: Record<string, number> = {};
  for (const each of forgettable(retention, now)) {
    for (let more = true; more && !stopped();) {
      const rows = await forgetBatch(db, each, most);
      if (rows === undefined) return forgotten;
      more = rows > 0;
      if (more) forgotten[each.what] = (forgotten[each.what] ?? 0) + rows;
    }
  }
  return forgotten;
}
