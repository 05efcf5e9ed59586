import { type AddRider, catalog, isFinal, type Progress } from '@paceline/shared/contracts';
import { publish } from '@paceline/shared/messaging';
import { plainError, type Sync } from '@paceline/shared/sync';
import { isNews } from '../core/command.ts';
import { storeProgress } from './commands.ts';

/** Tells how a command moves on, one thing after the other. */
export interface Teller {
  /** Stores and publishes what is new; if that fails nothing is lost, there will be more to tell. */
  tell(progress: Progress): void;
  /** Resolves when everything has been told. */
  quiet(): Promise<void>;
}

export function createTeller(sync: Sync, command: AddRider): Teller {
  let last: Progress | undefined;
  let telling = Promise.resolve();
  return {
    tell(progress) {
      if (!isNews(last, progress)) return;
      last = progress;
      telling = telling.then(async () => {
        try {
          await storeProgress(sync.db, command, progress, Math.round(sync.clock.now()));
          await announce(sync, command, progress);
        } catch (error) {
          const { commandId } = command;
          sync.log.warn({ err: plainError(error), commandId }, 'progress of a command could not be stored');
        }
      });
    },
    quiet: () => telling,
  };
}

/** Publishes how a command stands. What can't be told is only news: its row is the truth. */
export async function announce(sync: Sync, command: AddRider, progress: Progress): Promise<void> {
  const { commandId, riderId } = command;
  const at = Math.round(sync.clock.now());
  const once = isFinal(progress) ? { id: `command:${commandId}:${progress.state}` } : {};
  await publish(sync.bus, catalog.commandChanged, { commandId, riderId, at, progress }, once).catch(
    (error: unknown) => {
      sync.log.warn({ err: error, commandId }, 'a change of a command could not be published');
    },
  );
}
