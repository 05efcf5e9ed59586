import type { AddRider } from '@paceline/shared/contracts';
import type { Settlement } from '@paceline/shared/messaging';
import { plainError, type Sync } from '@paceline/shared/sync';
import type { Cancellations } from './cancellations.ts';
import { carryOut } from './carry-out.ts';
import { failureOf } from './core/command.ts';
import type { Batcher } from './flows/batcher.ts';
import { fetchShared } from './fetch-rider.ts';

/** Fetches one rider as soon as a call is free. */
export function addRider(
  sync: Sync,
  batcher: Batcher,
  cancellations: Cancellations,
): (command: AddRider) => Promise<Settlement> {
  const fetchRider = fetchShared(batcher);
  return (command) =>
    carryOut(sync, cancellations, command, async (mine, tell) => {
      try {
        await fetchRider(mine, command, (progress) => tell({ progress }));
        return { progress: { state: 'done' } };
      } catch (error) {
        if (mine.signal.aborted) throw error;
        const err = plainError(error);
        sync.log.warn({ err, ...command }, 'a rider could not be added');
        return { progress: failureOf(err, command.riderId, Math.round(sync.clock.now())) };
      }
    });
}
