import type { Clock } from '@paceline/shared/clock';
import type { SyncUpstream } from '@paceline/shared/upstreams';
import { type CommandChanged, isFinal, type Progress } from '@paceline/shared/contracts';
import type { Database } from '@paceline/shared/database';
import { currentTraceContext, type Logger } from '@paceline/shared/telemetry';
import { type Broker, orAborted } from '../broker.ts';
import type { CurrentWindows } from '../http/rate-limit.ts';
import { findCommand } from './query.ts';
import { estimatedProgress, hasNoEstimate, initialProgress } from './rules.ts';
import type { CommandStore, NewCommand } from './store.ts';
import type { CommandRow } from './view.ts';

export type Change = Pick<CommandChanged, 'commandId' | 'progress' | 'riders' | 'at'>;

export function commandWatches() {
  const watches = new Map<string, Set<(change: Change) => void>>();
  /** @returns a function that stops it */
  function onChange(commandId: string, listener: (change: Change) => void): () => void {
    const listeners = watches.get(commandId) ?? new Set();
    watches.set(commandId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) watches.delete(commandId);
    };
  }
  return {
    onChange,
    notify(change: Change) {
      for (const listener of watches.get(change.commandId) ?? []) listener(change);
    },
    /** Call it before the command is published, or the first changes are missed. */
    start(commandId: string) {
      let last: Change | undefined;
      let check = () => {};
      const stop = onChange(commandId, (change) => {
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
        stop,
      };
    },
  };
}

export type CommandWatches = ReturnType<typeof commandWatches>;

/** Real ms. The command is stored, so the response doesn't wait longer for a slow broker. */
const maxPublishWaitMs = 2_000;
/** Machine ms after which the windows that were requested before storing are too old for an estimate. */
const maxWindowsAgeMs = 1_000;

interface CommandPorts {
  readonly db: Database;
  readonly broker: Pick<Broker, 'bus'>;
  readonly store: CommandStore['store'];
  readonly publisher: { publish(command: NewCommand): Promise<void> };
  readonly watches: CommandWatches;
  readonly windows: CurrentWindows;
  readonly endpoints: SyncUpstream['endpoints'];
  readonly clock: Clock;
  readonly log: Logger;
}

export type CommandRequest =
  | { readonly type: 'add-rider'; readonly riderId: number }
  | { readonly type: 'import-riders'; readonly riderIds: readonly number[] };

/** Stores, publishes and estimates a command, or joins the add that waits for the same rider; with `waiting`, waits for the end. @throws {BrokerUnavailable | CommandQueueFull} */
export type SubmitCommand = (
  request: CommandRequest,
  options: { readonly waiting?: AbortSignal | undefined; readonly commandId?: string | undefined },
) => Promise<CommandRow>;

export const submitCommandWith = (ports: CommandPorts): SubmitCommand => {
  const { db, broker, store, publisher, watches, windows, endpoints, clock, log } = ports;
  const publish = (command: NewCommand): Promise<void> =>
    publisher.publish(command).catch((err: unknown) => {
      const { commandId } = command;
      log.warn({ err, commandId }, 'failed to publish a command, the sweep will retry');
    });
  return async (request, { waiting, commandId = crypto.randomUUID() }) => {
    broker.bus();
    const earlyWindows = windows();
    const startedAt = clock.machine.elapsed();
    const command = newCommand(request, commandId, Math.floor(clock.now()));
    const riderIds = request.type === 'import-riders' ? request.riderIds : [];
    let watch = waiting && watches.start(commandId);
    try {
      const { commandId: storedId, isNew, riderStored, ahead } = await store(command, riderIds);
      // From here on the command is stored: if it can't be published now, the sweep does it.
      const isOwn = storedId === commandId;
      const publishing = isOwn ? publish(command) : Promise.resolve();
      if (watch && !isOwn) {
        watch.stop();
        watch = watches.start(storedId);
      }
      const current = clock.machine.elapsed() - startedAt > maxWindowsAgeMs ? windows() : earlyWindows;
      const mode = request.type === 'add-rider' ? 'single' : 'bulk';
      const estimating = current.then((available) =>
        estimatedProgress(endpoints, available, mode, ahead, clock.now()),
      );
      const existing = isNew ? undefined : await findCommand(db, storedId).catch(() => undefined);
      if (!watch || !waiting)
        await orAborted(publishing, AbortSignal.timeout(maxPublishWaitMs)).catch(() => undefined);
      else if (!existing || !isFinal(existing.progress)) await watch.until(isFinal, waiting);
      const riders = request.type === 'add-rider' ? null : { waiting: riderIds.length, done: 0, failed: 0 };
      const row = existing ?? { ...command, commandId: storedId, riders, riderStored };
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
