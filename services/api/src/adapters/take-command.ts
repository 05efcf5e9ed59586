import type { Clock } from '@paceline/shared/clock';
import { isFinal } from '@paceline/shared/contracts';
import type { Database } from '@paceline/shared/database';
import { currentTraceContext, type Logger } from '@paceline/shared/telemetry';
import type { CommandRow } from '../core/command.ts';
import { expectedProgress, isUnknown, justAsked } from '../core/estimate.ts';
import type { Broker } from './broker.ts';
import { findCommand } from './commands.ts';
import type { CurrentWindows } from './current-windows.ts';
import type { Follower } from './follow.ts';
import type { Hand } from './hand-on.ts';
import { orAborted } from './or-aborted.ts';
import type { CommandStore, NewCommand } from './store-commands.ts';

/** Real ms. The command is stored, so its answer need not wait longer for a broker that is slow to take it. */
const longestHandOnMs = 2_000;
/** Machine ms of storing after which the windows are asked for again: those from before it are out of date. */
const windowsHoldMs = 1_000;

export interface CommandPorts {
  readonly db: Database;
  readonly broker: Broker;
  readonly store: CommandStore['store'];
  readonly hand: Hand;
  readonly follower: Follower;
  readonly windows: CurrentWindows;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is asked for: one rider to add, or several to import, none of them twice. */
export type Order =
  | { readonly type: 'add-rider'; readonly riderId: number }
  | { readonly type: 'import-riders'; readonly riderIds: readonly number[] };

/**
 * Stores a command, however long a slow database takes, hands it on and returns it with the limiter's estimate. With
 * `waiting` it returns when the command is final or `waiting` aborts.
 * @throws {BrokerAway | CommandQueueFull} before anything is stored; what storing throws: then nothing was promised
 */
export type TakeCommand = (order: Order, options: TakeOptions) => Promise<CommandRow>;

export interface TakeOptions {
  readonly waiting?: AbortSignal | undefined;
  /** The id of the command; an existing command with this id is returned. */
  readonly commandId?: string | undefined;
}

export const takeCommandWith =
  ({ db, broker, store, hand, follower, windows, clock, log }: CommandPorts): TakeCommand =>
  async (order, { waiting, commandId = crypto.randomUUID() }) => {
    broker.bus();
    const asked = windows();
    const askedAt = clock.machine.elapsed();
    const command = newCommand(order, commandId);
    const riderIds = order.type === 'import-riders' ? order.riderIds : [];
    const following = waiting && follower.follow(commandId);
    try {
      const { isNew, riderStored, ahead } = await store(command, riderIds);
      // From here on the command is kept: what can't be handed on now is left to the sweep.
      const handingOn = hand.on(command).catch((err: unknown) => {
        log.warn({ err, commandId }, 'command not handed on yet, the sweep will do so');
      });
      const current = clock.machine.elapsed() - askedAt > windowsHoldMs ? windows() : asked;
      const way = order.type === 'add-rider' ? 'single' : 'bulk';
      const estimating = current.then((given) => expectedProgress(given, way, ahead, clock.now()));
      const known = isNew ? undefined : await findCommand(db, commandId).catch(() => undefined);
      if (!following) await orAborted(handingOn, AbortSignal.timeout(longestHandOnMs)).catch(() => undefined);
      else if (!known || !isFinal(known.progress)) await following.until(isFinal, waiting);
      const riders = order.type === 'add-rider' ? null : { waiting: riderIds.length, done: 0, failed: 0 };
      const row = known ?? { ...command, riders, riderStored };
      const progress = following?.last() ?? (isUnknown(row.progress) ? await estimating : row.progress);
      return waiting ? await newest({ ...row, progress }) : { ...row, progress };
    } finally {
      following?.stop();
    }

    /** What is stored is the truth once it is final: a change may have passed unheard. */
    async function newest(last: CommandRow): Promise<CommandRow> {
      const stored = await findCommand(db, last.commandId).catch(() => undefined);
      if (!stored) return last;
      return isFinal(stored.progress) ? stored : { ...stored, progress: last.progress };
    }

    function newCommand(asked: Order, id: string): NewCommand {
      const requestedAt = Math.floor(clock.now());
      return {
        commandId: id,
        type: asked.type,
        riderId: asked.type === 'add-rider' ? asked.riderId : null,
        progress: justAsked,
        requestedAt,
        updatedAt: requestedAt,
        finishedAt: null,
        traceparent: currentTraceContext().traceparent ?? null,
      };
    }
  };
