import { addAbortListener } from 'node:events';
import { catalog, isFinal } from '@paceline/shared/contracts';
import { type Bus, done, listen, publish, retryAfter, type Settlement } from '@paceline/shared/messaging';
import { nowMs, plainError, type Sync, throughOutages } from '@paceline/shared/sync';
import { durations } from '@paceline/shared/telemetry';
import {
  type RiderCommand,
  type CommandStatus,
  findProgress,
  giveUpWanted,
  storeProgress,
} from '../adapters/commands.ts';
import { CommandCancelled, isNoticeable } from '../core/command.ts';

const commandDurations = durations(
  'paceline.command.duration',
  'Commands, from when somebody asked until they ended',
);

export type Report = (status: CommandStatus) => void;

/**
 * Carries a command out once, however often its message comes: stores and publishes its progress and its end. Shutdown
 * gives the message back at once, so that the next process goes on. A cancelled command is not carried on.
 * @param work is given a sync that aborts for this command; returns its end
 */
export async function carryOut<S extends Sync & { readonly cancellations: Cancellations }>(
  sync: S,
  command: RiderCommand,
  work: (sync: S, report: Report) => Promise<CommandStatus>,
): Promise<Settlement> {
  const reporter = createReporter(sync, command);
  const cancelled = sync.cancellations.of(command.commandId);
  const mine = { ...sync, signal: AbortSignal.any([sync.signal, cancelled.signal]) };
  const stored = () => throughOutages(sync, () => findProgress(sync.db, command.commandId));
  try {
    const known = await stored();
    if (known && isFinal(known)) {
      await announce(sync, command, { progress: known });
      return done;
    }
    const end = await work(mine, reporter.report).finally(reporter.finish);
    await throughOutages(sync, () => storeProgress(sync.db, command, end.progress, nowMs(sync)));
    // A cancellation in the last moment was first.
    const progress = (await stored()) ?? end.progress;
    await announce(sync, command, { ...end, progress });
    measure(sync, command, progress.state);
    sync.log.info({ ...command, ...progress }, 'command finished');
    return done;
  } catch (error) {
    if (sync.signal.aborted) return retryAfter(0, 'shutting down');
    if (!cancelled.signal.aborted) throw error;
    const progress = await stored();
    if (progress) await announce(sync, command, { progress });
    measure(sync, command, 'cancelled');
    sync.log.info({ ...command, ...progress }, 'command cancelled');
    return done;
  } finally {
    cancelled.end();
  }
}

/** Ends a dead-lettered command as failed: no process would carry it out. */
export const giveUp =
  (sync: Sync) =>
  async (command: RiderCommand, reason: string): Promise<void> => {
    const now = nowMs(sync);
    const progress = { state: 'failed', reason: `It could not be carried out: ${reason}` } as const;
    await throughOutages(sync, () => giveUpWanted(sync.db, command.commandId, progress.reason, now));
    await throughOutages(sync, () => storeProgress(sync.db, command, progress, now));
    await announce(sync, command, { progress });
    measure(sync, command, progress.state);
  };

/** Stores and publishes the progress of a command, one status after the other; `finish` waits for the last. */
function createReporter(sync: Sync, command: RiderCommand) {
  let last: CommandStatus | undefined;
  let reported = Promise.resolve();
  const store = async (status: CommandStatus) => {
    try {
      await storeProgress(sync.db, command, status.progress, nowMs(sync));
      await announce(sync, command, status);
    } catch (error) {
      // Nothing is lost: there will be more to report.
      const { commandId } = command;
      sync.log.warn({ err: plainError(error), commandId }, 'failed to store the progress of a command');
    }
  };
  return {
    report(status: CommandStatus): void {
      const isCounted = status.riders === undefined || status.riders.waiting === last?.riders?.waiting;
      if (isCounted && !isNoticeable(last?.progress, status.progress)) return;
      last = status;
      reported = reported.then(() => store(status));
    },
    finish: () => reported,
  };
}

/** A status that cannot be published is only news: the row is the truth. */
async function announce(sync: Sync, { commandId, riderId }: RiderCommand, status: CommandStatus) {
  const change = { commandId, riderId, at: nowMs(sync), ...status };
  const once = isFinal(status.progress) ? { id: `command:${commandId}:${status.progress.state}` } : {};
  await publish(sync.bus, catalog.commandChanged, change, once).catch((err: unknown) => {
    sync.log.warn({ err, commandId }, 'failed to publish a change of a command');
  });
}

const measure = (sync: Sync, command: RiderCommand, outcome: string) =>
  commandDurations.record(Math.max(0, sync.clock.now() - command.requestedAt) / 1_000, {
    type: command.riderId === undefined ? 'import-riders' : 'add-rider',
    outcome,
  });

export type Cancellations = ReturnType<typeof hearCancellations>;

/** Hears which commands of this process are cancelled. */
export function hearCancellations(bus: Bus) {
  const inHand = new Map<string, AbortController>();
  listen(bus, catalog.commandCancelled, {}, ({ commandId }) => {
    inHand.get(commandId)?.abort(new CommandCancelled(`the command ${commandId} was cancelled`));
  });
  return {
    /** `signal` aborts when the command is cancelled from now on; `end` stops listening for it. */
    of(commandId: string) {
      const controller = new AbortController();
      inHand.set(commandId, controller);
      return { signal: controller.signal, end: () => void inHand.delete(commandId) };
    },
  };
}

/** Settles as `work` does, or rejects when the signal aborts first: the work goes on. */
export async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  using _ = addAbortListener(signal, () => aborted.reject(signal.reason));
  await Promise.race([work, aborted.promise]);
}
