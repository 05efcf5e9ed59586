import type { Clock } from '@paceline/shared/clock';
import { type CommandChanged, isFinal, type Progress } from '@paceline/shared/contracts';
import type { Database } from '@paceline/shared/database';
import { currentTraceContext, type Logger } from '@paceline/shared/telemetry';
import { type Broker, orAborted } from '../broker.ts';
import type { CurrentWindows } from '../http/rate-limit.ts';
import { findCommand } from './query.ts';
import { expectedProgress, isUnknown, justAccepted } from './rules.ts';
import type { CommandStore, NewCommand } from './store.ts';
import type { CommandRow } from './view.ts';

export function createWatches() {
  const watches = new Map<string, (progress: Progress) => void>();
  return {
    notify: ({ commandId, progress }: Pick<CommandChanged, 'commandId' | 'progress'>) =>
      watches.get(commandId)?.(progress),
    /** Must begin before the command is published, or its first changes are missed. */
    begin(commandId: string) {
      let last: Progress | undefined;
      let check = () => {};
      watches.set(commandId, (progress) => {
        last = progress;
        check();
      });
      return {
        last: () => last,
        /** Returns when there is progress that is `enough`, or when the signal aborts. */
        until: (enough: (progress: Progress) => boolean, signal: AbortSignal) =>
          new Promise<void>((resolve) => {
            check = () => {
              if (signal.aborted || (last && enough(last))) resolve();
            };
            signal.addEventListener('abort', check, { once: true });
            check();
          }),
        stop: () => void watches.delete(commandId),
      };
    },
  };
}

/** Real ms. The command is stored, so its answer need not wait longer for a broker that is slow to take it. */
const longestPublishMs = 2_000;
/** Machine ms of storing after which the windows are asked for again: those from before it are out of date. */
const windowsHoldMs = 1_000;

interface CommandPorts {
  readonly db: Database;
  readonly broker: Pick<Broker, 'bus'>;
  readonly store: CommandStore['store'];
  readonly publisher: { publish(command: NewCommand): Promise<void> };
  readonly watches: ReturnType<typeof createWatches>;
  readonly windows: CurrentWindows;
  readonly clock: Clock;
  readonly log: Logger;
}

export type CommandRequest =
  | { readonly type: 'add-rider'; readonly riderId: number }
  | { readonly type: 'import-riders'; readonly riderIds: readonly number[] };

/** Stores, publishes, and estimates; `waiting` waits for the end. @throws {BrokerAway | CommandQueueFull} */
export type SubmitCommand = (
  request: CommandRequest,
  options: { readonly waiting?: AbortSignal | undefined; readonly commandId?: string | undefined },
) => Promise<CommandRow>;

export const submitCommandWith = (ports: CommandPorts): SubmitCommand => {
  const { db, broker, store, publisher, watches, windows, clock, log } = ports;
  return async (request, { waiting, commandId = crypto.randomUUID() }) => {
    broker.bus();
    const asked = windows();
    const askedAt = clock.machine.elapsed();
    const command = newCommand(request, commandId, Math.floor(clock.now()));
    const riderIds = request.type === 'import-riders' ? request.riderIds : [];
    const watch = waiting && watches.begin(commandId);
    try {
      const { isNew, riderStored, ahead } = await store(command, riderIds);
      // From here on the command is kept: what can't be published now is left to the sweep.
      const publishing = publisher.publish(command).catch((err: unknown) => {
        log.warn({ err, commandId }, 'command not handed on yet, the sweep will do so');
      });
      const current = clock.machine.elapsed() - askedAt > windowsHoldMs ? windows() : asked;
      const way = request.type === 'add-rider' ? 'single' : 'bulk';
      const estimating = current.then((given) => expectedProgress(given, way, ahead, clock.now()));
      const known = isNew ? undefined : await findCommand(db, commandId).catch(() => undefined);
      if (!watch) await orAborted(publishing, AbortSignal.timeout(longestPublishMs)).catch(() => undefined);
      else if (!known || !isFinal(known.progress)) await watch.until(isFinal, waiting);
      const riders = request.type === 'add-rider' ? null : { waiting: riderIds.length, done: 0, failed: 0 };
      const row = known ?? { ...command, riders, riderStored };
      const progress = watch?.last() ?? (isUnknown(row.progress) ? await estimating : row.progress);
      return waiting ? await newest(db, { ...row, progress }) : { ...row, progress };
    } finally {
      watch?.stop();
    }
  };
};

/** What is stored is the truth once it is final: a change may have been missed. */
async function newest(db: Database, last: CommandRow): Promise<CommandRow> {
  const stored = await findCommand(db, last.commandId).catch(() => undefined);
  if (!stored) return last;
  return isFinal(stored.progress) ? stored : { ...stored, progress: last.progress };
}

const newCommand = (request: CommandRequest, commandId: string, now: number): NewCommand => ({
  commandId,
  type: request.type,
  riderId: request.type === 'add-rider' ? request.riderId : null,
  progress: justAccepted,
  requestedAt: now,
  updatedAt: now,
  finishedAt: null,
  traceparent: currentTraceContext().traceparent ?? null,
});
