import { isFinal } from '@paceline/shared/contracts';
import { done, retryAfter, type Settlement } from '@paceline/shared/messaging';
import { type Sync, throughOutages } from '@paceline/shared/sync';
import { type Command, findProgress, type News, storeProgress } from './adapters/commands.ts';
import { announce, createTeller } from './adapters/teller.ts';

/**
 * Carries a command out once, however often its message comes, and stores and tells how it ends. Shutdown gives the
 * message back at once, so that the next process goes on.
 * @param work told what is to be told meanwhile; returns how the command ends
 */
export async function carryOut(
  sync: Sync,
  command: Command,
  work: (tell: (news: News) => void) => Promise<News>,
): Promise<Settlement> {
  const teller = createTeller(sync, command);
  try {
    const known = await throughOutages(sync, () => findProgress(sync.db, command.commandId));
    if (known && isFinal(known)) {
      await announce(sync, command, { progress: known });
      return done;
    }
    const end = await work((news) => teller.tell(news)).finally(() => teller.quiet());
    const now = Math.round(sync.clock.now());
    await throughOutages(sync, () => storeProgress(sync.db, command, end.progress, now));
    await announce(sync, command, end);
    sync.log.info({ ...command, ...end.progress }, 'command ends');
    return done;
  } catch (error) {
    if (sync.signal.aborted) return retryAfter(0, 'shutting down');
    throw error;
  }
}
