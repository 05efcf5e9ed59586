import { addAbortListener } from 'node:events';
import { catalog, isFinal } from '@paceline/shared/contracts';
import { type Bus, done, subscribe, publish, retryAfter, type Settlement } from '@paceline/shared/messaging';
import { DatabaseOutage, patienceMs, retryDuringOutage } from '@paceline/shared/database';
import { nowMs, releaseMessage, type Sync } from '@paceline/shared/sync';
import { durations } from '@paceline/shared/telemetry';
import {
  type RiderCommand,
  type CommandStatus,
  findProgress,
  failWanted,
  storeProgress,
} from '../adapters/commands.ts';
import { CommandCancelled, isNoticeable } from '../core/command.ts';

const commandDurations = durations(
  'paceline.command.duration',
  'Time from the request of a command to its end',
);

export type ReportStatus = (status: CommandStatus) => void;

/**
 * Runs a command once, however often its message is delivered; stores and publishes its progress and result. On shutdown
 * the message is returned immediately, so that another process continues. A cancelled command stops.
 * @param work gets a sync whose signal aborts with this command; returns the result
 */
export async function runCommand<S extends Sync & { readonly cancellations: Cancellations }>(
  sync: S,
  command: RiderCommand,
  work: (sync: S, report: ReportStatus) => Promise<CommandStatus>,
): Promise<Settlement> {
  const reporter = createReporter(sync, command);
  const cancelled = sync.cancellations.of(command.commandId);
  const commandSync = { ...sync, signal: AbortSignal.any([sync.signal, cancelled.signal]) };
  const findStored = (giveUpAfterMs?: number) =>
    retryDuringOutage(sync, () => findProgress(sync.db, command.commandId), giveUpAfterMs);
  try {
    // Nothing is at stake yet, so another process can do it.
    const known = await findStored(patienceMs);
    if (known && isFinal(known)) {
      await announce(sync, command, { progress: known });
      return done;
    }
    const result = await work(commandSync, reporter.report).finally(reporter.finish);
    await retryDuringOutage(sync, () => storeProgress(sync.db, command, result.progress, nowMs(sync)));
    // Differs from the result if the command was cancelled just before it ended.
    const progress = (await findStored()) ?? result.progress;
    await announce(sync, command, { ...result, progress });
    measure(sync, command, progress.state);
    sync.log.info({ ...command, ...progress }, 'command finished');
    return done;
  } catch (error) {
    if (sync.signal.aborted) return retryAfter(0, 'shutting down');
    if (error instanceof DatabaseOutage) return releaseMessage(sync, error);
    if (!cancelled.signal.aborted) throw error;
    const progress = await findStored();
    if (progress) await announce(sync, command, { progress });
    measure(sync, command, 'cancelled');
    sync.log.info({ ...command, ...progress }, 'command cancelled');
    return done;
  } finally {
    cancelled.end();
  }
}

/** Ends a dead-lettered command as failed. */
export const failDeadLetteredCommand =
  (sync: Sync) =>
  async (command: RiderCommand, reason: string): Promise<void> => {
    const now = nowMs(sync);
    const progress = { state: 'failed', reason: `Command failed: ${reason}` } as const;
    await retryDuringOutage(sync, () => failWanted(sync.db, command.commandId, progress.reason, now));
    await retryDuringOutage(sync, () => storeProgress(sync.db, command, progress, now));
    await announce(sync, command, { progress });
    measure(sync, command, progress.state);
  };

/** Stores and publishes the progress of a command in order; `finish` waits for the last report. */
function createReporter(sync: Sync, command: RiderCommand) {
  let last: CommandStatus | undefined;
  let reported = Promise.resolve();
  const store = async (status: CommandStatus) => {
    try {
      await storeProgress(sync.db, command, status.progress, nowMs(sync));
      await announce(sync, command, status);
    } catch (error) {
      // No need to retry: the next report replaces it.
      const { commandId } = command;
      sync.log.warn({ err: error, commandId }, 'failed to store command progress');
    }
  };
  return {
    report(status: CommandStatus): void {
      const hasSameCounts = status.riders === undefined || status.riders.waiting === last?.riders?.waiting;
      if (hasSameCounts && !isNoticeable(last?.progress, status.progress)) return;
      last = status;
      reported = reported.then(() => store(status));
    },
    finish: () => reported,
  };
}

/** Errors are only logged: the row in Postgres is authoritative. */
async function announce(sync: Sync, { commandId, riderId }: RiderCommand, status: CommandStatus) {
  const change = { commandId, riderId, at: nowMs(sync), ...status };
  const once = isFinal(status.progress) ? { id: `command:${commandId}:${status.progress.state}` } : {};
  await publish(sync.bus, catalog.commandChanged, change, once).catch((err: unknown) => {
    sync.log.warn({ err, commandId }, 'failed to publish command change');
  });
}

const measure = (sync: Sync, command: RiderCommand, outcome: string) =>
  commandDurations.record(Math.max(0, sync.clock.now() - command.requestedAt) / 1_000, {
    type: command.riderId === undefined ? 'import-riders' : 'add-rider',
    outcome,
  });

export type Cancellations = ReturnType<typeof trackCancellations>;

/** Tracks cancellations of commands that run in this process. */
export function trackCancellations(bus: Bus) {
  const controllers = new Map<string, AbortController>();
  subscribe(bus, catalog.commandCancelled, {}, ({ commandId }) => {
    controllers.get(commandId)?.abort(new CommandCancelled(`the command ${commandId} was cancelled`));
  });
  return {
    /** `signal` aborts when the command is cancelled; `end` stops tracking it. */
    of(commandId: string) {
      const controller = new AbortController();
      controllers.set(commandId, controller);
      return { signal: controller.signal, end: () => void controllers.delete(commandId) };
    },
  };
}

/** Settles like `work`, or rejects when the signal aborts first. Does not stop the work. */
export async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  using _ = addAbortListener(signal, () => aborted.reject(signal.reason));
  await Promise.race([work, aborted.promise]);
}
