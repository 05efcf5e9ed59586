import { isFinal, type Progress } from '@paceline/shared/contracts';
import { done, retryAfter, type Settlement } from '@paceline/shared/messaging';
import { type Sync, throughOutages } from '@paceline/shared/sync';
import { durations } from '@paceline/shared/telemetry';
import { type Command, findProgress, type News, storeProgress } from './adapters/commands.ts';
import { announce, createTeller } from './adapters/teller.ts';
import { giveUpWanted } from './adapters/wanted.ts';
import type { Cancellations } from './cancellations.ts';

const commandDurations = durations(
  'paceline.command.duration',
  'Commands, from when somebody asked until they ended',
);

/**
 * Carries a command out once, however often its message comes, and stores and tells how it ends. Shutdown gives the
 * message back at once, so that the next process goes on. Once cancelled nothing more is done for it.
 * @param work is given a sync that aborts for this command, and what is to be told meanwhile; returns how it ends
 */
export async function carryOut(
  sync: Sync,
  cancellations: Cancellations,
  command: Command,
  work: (sync: Sync, tell: (news: News) => void) => Promise<News>,
): Promise<Settlement> {
  const teller = createTeller(sync, command);
  const cancelled = cancellations.of(command.commandId);
  const mine = { ...sync, signal: AbortSignal.any([sync.signal, cancelled.signal]) };
  const ends = (outcome: string) => measure(sync, command, outcome);
  const stored = () => throughOutages(sync, () => findProgress(sync.db, command.commandId));
  try {
    const known = await stored();
    if (known && isFinal(known)) {
      await announce(sync, command, { progress: known });
      return done;
    }
    const end = await work(mine, (news) => teller.tell(news)).finally(() => teller.quiet());
    const now = Math.round(sync.clock.now());
    await throughOutages(sync, () => storeProgress(sync.db, command, end.progress, now));
    // Who cancelled it in the last moment was first.
    const progress = (await stored()) ?? end.progress;
    await announce(sync, command, { ...end, progress });
    ends(progress.state);
    sync.log.info({ ...command, ...progress }, 'command ends');
    return done;
  } catch (error) {
    if (sync.signal.aborted) return retryAfter(0, 'shutting down');
    if (!cancelled.signal.aborted) throw error;
    const progress = await stored();
    if (progress) await announce(sync, command, { progress });
    ends('cancelled');
    sync.log.info({ ...command, ...progress }, 'command was cancelled');
    return done;
  } finally {
    cancelled.end();
  }
}

/** Ends a command whose message was set aside: nobody would carry it out. */
export const giveUp =
  (sync: Sync) =>
  async (command: Command, reason: string): Promise<void> => {
    const now = Math.round(sync.clock.now());
    const progress: Progress & { state: 'failed' } = {
      state: 'failed',
      reason: `It could not be carried out: ${reason}`,
    };
    await throughOutages(sync, () => giveUpWanted(sync.db, command.commandId, progress.reason, now));
    await throughOutages(sync, () => storeProgress(sync.db, command, progress, now));
    await announce(sync, command, { progress });
    measure(sync, command, progress.state);
  };

const measure = (sync: Sync, command: Command, outcome: string) =>
  commandDurations.record(Math.max(0, sync.clock.now() - command.requestedAt) / 1_000, {
    type: command.riderId === undefined ? 'import-riders' : 'add-rider',
    outcome,
  });
