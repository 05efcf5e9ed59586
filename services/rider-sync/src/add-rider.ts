import { type AddRider, isFinal, type Progress } from '@paceline/shared/contracts';
import { done, retryAfter, type Settlement } from '@paceline/shared/messaging';
import { plainError, type Sync, throughOutages } from '@paceline/shared/sync';
import { findProgress, storeProgress } from './adapters/commands.ts';
import { announce, createTeller } from './adapters/teller.ts';
import { failureOf } from './core/command.ts';
import { fetchShared } from './fetch-rider.ts';

/** Fetches one rider as soon as a call is free. Whatever happens, the command ends as done or as failed with a reason. */
export function addRider(sync: Sync): (command: AddRider) => Promise<Settlement> {
  const fetchRider = fetchShared(sync);
  return async (command) => {
    const now = () => Math.round(sync.clock.now());
    const finish = async (progress: Progress) => {
      await throughOutages(sync, () => storeProgress(sync.db, command, progress, now()));
      await announce(sync, command, progress);
      sync.log.info({ ...command, ...progress }, 'command ends');
    };
    const teller = createTeller(sync, command);
    try {
      const known = await throughOutages(sync, () => findProgress(sync.db, command.commandId));
      if (known && isFinal(known)) {
        await announce(sync, command, known);
        return done;
      }
      await fetchRider(command, (progress) => teller.tell(progress)).finally(() => teller.quiet());
      await finish({ state: 'done' });
    } catch (error) {
      if (sync.signal.aborted) return retryAfter(0, 'shutting down');
      const err = plainError(error);
      sync.log.warn({ err, ...command }, 'a rider could not be added');
      await finish(failureOf(err, command.riderId, now()));
    }
    return done;
  };
}
