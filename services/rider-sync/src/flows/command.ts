import { addAbortListener } from 'node:events';
import { catalog, isFinal, type Progress } from '@paceline/shared/contracts';
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
import { CommandEnded, isNoticeable } from '../core/command.ts';

const commandDurations = durations(
  'paceline.command.duration',
  'Time from the request of a command to its end',
);

export type ReportStatus = (status: CommandStatus) => void;

/** `endedAt`: when the end was stored, if `work` has stored it; project ms. */
export type CommandResult = CommandStatus & { readonly endedAt?: number | undefined };

/**
 * Runs a command once, however often its message is delivered; stores and publishes its progress and result. On shutdown
 * the message is returned immediately, so that another process continues. A cancelled command stops.
 * @param attempt of the delivery: an earlier one may have ended the command
 * @param work gets a sync whose signal aborts with this command; returns the result
 */
export async function runCommand<S extends Sync & { readonly cancellations: Cancellations }>(
  sync: S,
  command: RiderCommand,
  attempt: number,
  work: (sync: S, report: ReportStatus) => Promise<CommandResult>,
): Promise<Settlement> {
  const cancelled = sync.cancellations.of(command.commandId);
  const reporter = createReporter(sync, command, cancelled.cancel);
  const commandSync = { ...sync, signal: AbortSignal.any([sync.signal, cancelled.signal]) };
  const findStored = (giveUpAfterMs?: number) =>
    retryDuringOutage(sync, () => findProgress(sync.db, command.commandId), giveUpAfterMs);
  try {
    // Nothing is at stake yet, so another process can do it.
    const known = attempt > 1 ? await findStored(patienceMs) : undefined;
    if (known && isFinal(known)) {
      await announce(sync, command, { progress: known });
      return done;
    }
    const { endedAt, ...result } = await work(commandSync, reporter.report).finally(reporter.finish);
    const stored = endedAt === undefined ? await storeEnd(sync, command, result.progress) : undefined;
    const { progress, at } = stored ?? { ...result, at: endedAt };
    await announce(sync, command, { ...result, progress }, at);
    measure(sync, command, progress.state);
    sync.log.info({ ...command, ...progress }, 'command finished');
    return done;
  } catch (error) {
    if (sync.signal.aborted) return retryAfter(0, 'shutting down');
    if (error instanceof DatabaseOutage) return releaseMessage(sync, error);
    if (!cancelled.signal.aborted && !(error instanceof CommandEnded)) throw error;
    const progress = await findStored();
    if (progress) await announce(sync, command, { progress });
    if (cancelled.signal.aborted) measure(sync, command, 'cancelled');
    sync.log.info({ ...command, ...progress }, 'command had ended already, or was cancelled');
    return done;
  } finally {
    cancelled.end();
  }
}

/** Returns what is stored: if the command was cancelled just before it ended, that end. `at`: project ms. */
async function storeEnd(sync: Sync, command: RiderCommand, end: Progress) {
  const at = nowMs(sync);
  const isStored = await retryDuringOutage(sync, () => storeProgress(sync.db, command, end, at));
  if (isStored) return { progress: end, at };
  const known = await retryDuringOutage(sync, () => findProgress(sync.db, command.commandId));
  return { progress: known ?? end, at };
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

/** Real ms: a state that lasts for less is not worth a row and a message. */
const shortestReportedMs = 50;

/**
 * Stores and publishes the progress of a command in order; `finish` drops what is not stored yet, and waits for the rest.
 * @param onEnded the command has ended already: it was cancelled before this process could learn of it
 */
function createReporter(sync: Sync, command: RiderCommand, onEnded: () => void) {
  let last: CommandStatus | undefined;
  let cancelTimer: (() => void) | undefined;
  let stored = Promise.resolve();
  const store = async (status: CommandStatus) => {
    try {
      const isOpen =
        isStoredByItsCall(command, status.progress) ||
        (await storeProgress(sync.db, command, status.progress, nowMs(sync)));
      if (isOpen) await announce(sync, command, status);
      else onEnded();
    } catch (error) {
      // No need to retry: the next report replaces it.
      const { commandId } = command;
      sync.log.warn({ err: error, commandId }, 'failed to store command progress');
    }
  };
  const storeLast = () => {
    cancelTimer = undefined;
    const status = last;
    if (status) stored = stored.then(() => store(status));
  };
  return {
    report(status: CommandStatus): void {
      const hasSameCounts = status.riders === undefined || status.riders.waiting === last?.riders?.waiting;
      if (hasSameCounts && !isNoticeable(last?.progress, status.progress)) return;
      last = status;
      cancelTimer ??= sync.clock.machine.after(shortestReportedMs, storeLast);
    },
    finish(): Promise<void> {
      cancelTimer?.();
      return stored;
    },
  };
}

/** See `adapters/rider-calls.ts`. */
const isStoredByItsCall = ({ riderId }: RiderCommand, progress: Progress): boolean =>
  riderId !== undefined && progress.state === 'running' && progress.via === 'single';

/** Errors are only logged: the row in Postgres is authoritative. @param at when it was stored, project ms */
async function announce(
  sync: Sync,
  { commandId, riderId, requestedAt }: RiderCommand,
  status: CommandStatus,
  at = nowMs(sync),
) {
  const change = { commandId, riderId, requestedAt, at, ...status };
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
  const cancel = (commandId: string) =>
    controllers.get(commandId)?.abort(new CommandEnded(`the command ${commandId} was cancelled`));
  subscribe(bus, catalog.commandCancelled, {}, ({ commandId }) => cancel(commandId));
  return {
    /** `signal` aborts when the command is cancelled; `end` stops tracking it. */
    of(commandId: string) {
      const controller = new AbortController();
      controllers.set(commandId, controller);
      return {
        signal: controller.signal,
        cancel: () => cancel(commandId),
        end: () => void controllers.delete(commandId),
      };
    },
  };
}

/** Settles like `work`, or rejects when the signal aborts first. Does not stop the work. */
export async function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  using _ = addAbortListener(signal, () => aborted.reject(signal.reason));
  await Promise.race([work, aborted.promise]);
}
