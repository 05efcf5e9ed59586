import { createHash } from 'node:crypto';
import type { Machine } from '@paceline/shared/clock';
import { isFinal } from '@paceline/shared/contracts';
import type { Change, CommandWatches } from '../commands/submit.ts';
import type { CommandRow, CommandView } from '../commands/view.ts';
import { sseEvent, sseHeartbeat, sseOpening } from './view.ts';
import { closing, defaultHeartbeatMs, retryMs, type StreamReader } from './viewer.ts';

/** Machine ms between two reads of the row, in case a change was missed. */
const readEveryMs = 5_000;

interface CommandStreamOptions {
  readonly first: CommandRow;
  readonly watches: Pick<CommandWatches, 'onChange'>;
  /** @returns undefined when it is no longer stored */
  readonly find: () => Promise<CommandRow | undefined>;
  readonly view: (row: CommandRow) => CommandView;
  /** The id of the last event that the client has received. */
  readonly after: string | undefined;
  readonly machine: Machine;
  readonly stopping: AbortSignal;
  readonly heartbeatMs?: number;
}

/** An event's id is its content, so that every process can tell whether a client has it. The times of a state can differ. */
export function eventId(command: CommandView): string {
  const content = JSON.stringify({ ...command, updatedAt: null, finishedAt: null });
  return createHash('sha256').update(content).digest('base64url').slice(0, 22);
}

/** The current command, then one event per change; ends with the final state. */
export function commandReader(options: CommandStreamOptions, disconnected: AbortSignal): StreamReader {
  const { first, watches, find, view, after = '', machine, stopping } = options;
  const { heartbeatMs = defaultHeartbeatMs } = options;
  const ended = AbortSignal.any([disconnected, stopping]);
  const changes: Change[] = [];
  let wake = () => {};
  const unsubscribe = watches.onChange(first.commandId, (change) => {
    changes.push(change);
    wake();
  });
  disconnected.addEventListener('abort', unsubscribe, { once: true });
  let row: CommandRow | undefined = first;
  let advancing: Promise<void> | undefined;
  let readAt = -Infinity;
  let sent = after;

  /** Waits for `event`, at most `ms` and until the stream ends. @returns whether it happened */
  const wait = (event: Promise<void>, ms: number): Promise<boolean> =>
    new Promise((resolve) => {
      const end = (happened: boolean) => {
        cancelTimer();
        ended.removeEventListener('abort', giveUp);
        resolve(happened);
      };
      const giveUp = () => end(false);
      const cancelTimer = machine.after(ms, giveUp);
      ended.addEventListener('abort', giveUp, { once: true });
      if (ended.aborted) giveUp();
      void event.then(() => end(true));
    });
  const nextChange = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });

  async function advance(known: CommandRow): Promise<CommandRow | undefined> {
    const change = changes.shift();
    const next = change ? changed(known, change) : known;
    // The end is read, so that its event has the same id in every process.
    const isEnd = change !== undefined && isFinal(change.progress);
    if (!isEnd && machine.elapsed() - readAt < readEveryMs) return next;
    readAt = machine.elapsed();
    const read = await find().catch(() => next);
    // A change can be ahead of the row.
    return read && !isFinal(read.progress) && read.updatedAt < next.updatedAt ? next : read;
  }

  async function advanceRow(): Promise<void> {
    row = row && (await advance(row));
    advancing = undefined;
  }

  return {
    opening: () => ({ text: sseOpening(retryMs, sent) }),
    async next(sentAt) {
      for (;;) {
        if (stopping.aborted) return closing('shutting_down');
        const remainingMs = heartbeatMs - (performance.now() - sentAt);
        if (remainingMs <= 0) return { text: sseHeartbeat(sent) };
        // The database can take longer than until the next heartbeat.
        advancing ??= advanceRow();
        const isAdvanced = await wait(advancing, remainingMs);
        if (disconnected.aborted) return { text: '' };
        if (!isAdvanced) continue;
        if (!row) return { text: '', isLast: true };
        const isLast = isFinal(row.progress);
        const command = view(row);
        const id = eventId(command);
        if (id !== sent) {
          sent = id;
          return { text: sseEvent('command', command, id), isLast };
        }
        if (isLast) return { text: '', isLast };
        if (changes.length > 0) continue;
        await wait(nextChange(), Math.min(remainingMs, readAt + readEveryMs - machine.elapsed()));
      }
    },
  };
}

/** The command after a change. A late change of one that has ended says nothing. */
function changed(row: CommandRow, { progress, riders, at }: Change): CommandRow {
  if (isFinal(row.progress) || at < row.updatedAt) return row;
  return {
    ...row,
    progress,
    riders: riders ?? row.riders,
    updatedAt: at,
    finishedAt: isFinal(progress) ? at : null,
    riderStored: row.riderStored || (row.riderId !== null && progress.state === 'done'),
  };
}
