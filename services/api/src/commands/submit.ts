import type { Clock } from '@paceline/shared/clock';
import { type CommandChanged, isFinal, type Progress } from '@paceline/shared/contracts';
import type { Database } from '@paceline/shared/database';
import { currentTraceContext, type Logger } from '@paceline/shared/telemetry';
import { type Broker, orAborted } from '../broker.ts';
import type { CurrentWindows } from '../http/rate-limit.ts';
import { findCommand } from './query.ts';
import { estimatedProgress, hasNoEstimate, initialProgress } from './rules.ts';
import type { CommandStore, NewCommand } from './store.ts';
import type { CommandRow } from './view.ts';

type Change = Pick<CommandChanged, 'commandId' | 'progress' | 'at'>;

export function commandWatches() {
  const watches = new Map<string, (change: Change) => void>();
  return {
    notify: (change: Change) => watches.get(change.commandId)?.(change),
    /** Call it before the command is published, or the first changes are missed. */
    start(commandId: string) {
      let last: Change | undefined;
      let check = () => {};
      watches.set(commandId, (change) => {
        last = change;
        check();
      });
      return {
        last: () => last,
        /** Resolves once the progress satisfies `isReached`, or when the signal aborts. */
        until: (isReached: (progress: Progress) => boolean, signal: AbortSignal) =>
          new Promise<void>((resolve) => {
            check = () => {
              if (signal.aborted || (last && isReached(last.progress))) resolve();
            };
            signal.addEventListener('abort', check, { once: true });
            check();
          }),
        stop: () => void watches.delete(commandId),
      };
    },
  };
}

/** Real ms. The command is stored, so the response doesn't wait longer for a slow broker. */
const maxPublishWaitMs = 2_000;
/** Machine ms after which the windows that were requested before storing are too old for an estimate. */
const maxWindowsAgeMs = 1_000;

interface CommandPorts {
  readonly db: Database;
  readonly broker: Pick<Broker, 'bus'>;
  readonly store: CommandStore['store'];
  readonly publisher: { publish(command: NewCommand): Promise<void> };
  readonly watches: ReturnType<typeof commandWatches>;
  readonly windows: CurrentWindows;
  readonly clock: Clock;
  readonly log: Logger;
}

export type CommandRequest =
  | { readonly type: 'add-rider'; readonly riderId: number }
  | { readonly type: 'import-riders'; readonly riderIds: readonly number[] };

/** Stores, publishes and estimates; with `waiting`, waits for the end. @throws {BrokerUnavailable | CommandQueueFull} */
export type SubmitCommand = (
  request: CommandRequest,
  options: { readonly waiting?: AbortSignal | undefined; readonly commandId?: string | undefined },
) => Promise<CommandRow>;

export const submitCommandWith = (ports: CommandPorts): SubmitCommand => {
  const { db, broker, store, publisher, watches, windows, clock, log } = ports;
  return async (request, { waiting, commandId = crypto.randomUUID() }) => {
    broker.bus();
    const earlyWindows = windows();
    const startedAt = clock.machine.elapsed();
    const command = newCommand(request, commandId, Math.floor(clock.now()));
    const riderIds = request.type === 'import-riders' ? request.riderIds : [];
    const watch = waiting && watches.start(commandId);
    try {
      const { isNew, riderStored, ahead } = await store(command, riderIds);
      // From here on the command is stored: if it can't be published now, the sweep does it.
      const publishing = publisher.publish(command).catch((err: unknown) => {
        log.warn({ err, commandId }, 'failed to publish a command, the sweep will retry');
      });
      const current = clock.machine.elapsed() - startedAt > maxWindowsAgeMs ? windows() : earlyWindows;
      const mode = request.type === 'add-rider' ? 'single' : 'bulk';
      const estimating = current.then((available) => estimatedProgress(available, mode, ahead, clock.now()));
      const existing = isNew ? undefined : await findCommand(db, commandId).catch(() => undefined);
      if (!watch) await orAborted(publishing, AbortSignal.timeout(maxPublishWaitMs)).catch(() => undefined);
      else if (!existing || !isFinal(existing.progress)) await watch.until(isFinal, waiting);
      const riders = request.type === 'add-rider' ? null : { waiting: riderIds.length, done: 0, failed: 0 };
      const row = existing ?? { ...command, riders, riderStored };
      const last = watch?.last();
      if (last && request.type === 'add-rider' && isFinal(last.progress)) return ended(row, last);
      const progress = last?.progress ?? (hasNoEstimate(row.progress) ? await estimating : row.progress);
      return waiting ? await latest(db, { ...row, progress }) : { ...row, progress };
    } finally {
      watch?.stop();
    }
  };
};

/** The change was published after the end of the command was stored, which is final. */
const ended = (row: CommandRow, { progress, at }: Change): CommandRow => ({
  ...row,
  progress,
  updatedAt: at,
  finishedAt: at,
  riderStored: row.riderStored || progress.state === 'done',
});

/** The stored state wins once it is final, since the last change may have been missed. */
async function latest(db: Database, last: CommandRow): Promise<CommandRow> {
  const stored = await findCommand(db, last.commandId).catch(() => undefined);
  if (!stored) return last;
  return isFinal(stored.progress) ? stored : { ...stored, progress: last.progress };
}

const newCommand = (request: CommandRequest, commandId: string, now: number): NewCommand => ({
  commandId,
  type: request.type,
  riderId: request.type === 'add-rider' ? request.riderId : null,
  progress: initialProgress,
  requestedAt: now,
  updatedAt: now,
  finishedAt: null,
  traceparent: currentTraceContext().traceparent ?? null,
});
