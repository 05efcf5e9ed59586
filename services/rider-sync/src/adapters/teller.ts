import { catalog, isFinal } from '@paceline/shared/contracts';
import { publish } from '@paceline/shared/messaging';
import { plainError, type Sync } from '@paceline/shared/sync';
import { isNews } from '../core/command.ts';
import { type Command, type News, storeProgress } from './commands.ts';

/** Tells how a command moves on, one thing after the other. */
export interface Teller {
  /** Stores and publishes what is new; if that fails nothing is lost, there will be more to tell. */
  tell(news: News): void;
  /** Resolves when everything has been told. */
  quiet(): Promise<void>;
}

export function createTeller(sync: Sync, command: Command): Teller {
  let last: News | undefined;
  let telling = Promise.resolve();
  return {
    tell(news) {
      const counted = news.riders === undefined || news.riders.waiting === last?.riders?.waiting;
      if (counted && !isNews(last?.progress, news.progress)) return;
      last = news;
      telling = telling.then(async () => {
        try {
          await storeProgress(sync.db, command, news.progress, Math.round(sync.clock.now()));
          await announce(sync, command, news);
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
export async function announce(sync: Sync, { commandId, riderId }: Command, news: News): Promise<void> {
  const at = Math.round(sync.clock.now());
  const once = isFinal(news.progress) ? { id: `command:${commandId}:${news.progress.state}` } : {};
  await publish(sync.bus, catalog.commandChanged, { commandId, riderId, at, ...news }, once).catch(
    (error: unknown) => {
      sync.log.warn({ err: error, commandId }, 'a change of a command could not be published');
    },
  );
}
