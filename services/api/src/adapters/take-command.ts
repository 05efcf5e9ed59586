import type { Clock } from '@paceline/shared/clock';
import { isFinal } from '@paceline/shared/contracts';
import type { Database } from '@paceline/shared/database';
import { currentTraceContext, type Logger } from '@paceline/shared/telemetry';
import type { CommandRow } from '../core/command.ts';
import { expectedProgress, justAsked } from '../core/estimate.ts';
import type { Broker } from './broker.ts';
import { findCommand, insertCommand, type NewCommand, withdrawCommand } from './commands.ts';
import type { Follower } from './follow.ts';
import type { HandOn } from './hand-on.ts';
import type { LimiterStatus } from './limiter-status.ts';
import { orAborted } from './or-aborted.ts';

/** Real ms; whoever asks for something is answered within a second. */
const answerMs = 700;
const statusMs = 400;

export interface CommandPorts {
  readonly db: Database;
  readonly broker: Broker;
  readonly follower: Follower;
  readonly handOn: HandOn;
  readonly status: LimiterStatus;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is asked for: one rider to add, or several to import, none of them twice. */
export type Order =
  | { readonly type: 'add-rider'; readonly riderId: number }
  | { readonly type: 'import-riders'; readonly riderIds: readonly number[] };

/**
 * Takes a command and says how it stands: as soon as something is known of it, or, when `waiting` is given, as soon as
 * it is final or `waiting` aborts.
 * @throws {BrokerAway} before anything was stored; whatever storing throws: then nothing was promised
 */
export type TakeCommand = (order: Order, options: TakeOptions) => Promise<CommandRow>;

export interface TakeOptions {
  readonly waiting?: AbortSignal | undefined;
  /** The id that the command is to have; if there is one of that id already, it is that one. */
  readonly commandId?: string | undefined;
}

export const takeCommandWith =
  ({ db, broker, follower, handOn, status, clock, log }: CommandPorts): TakeCommand =>
  async (order, { waiting, commandId = crypto.randomUUID() }) => {
    const patience = AbortSignal.timeout(answerMs);
    const usage = status(statusMs).catch(() => undefined);
    await broker.reach();

    const riderIds = order.type === 'import-riders' ? order.riderIds : [];
    const isImport = order.type === 'import-riders';
    const requestedAt = Math.floor(clock.now());
    const command = {
      commandId,
      type: order.type,
      riderId: order.type === 'add-rider' ? order.riderId : null,
      progress: justAsked,
      requestedAt,
      updatedAt: requestedAt,
      finishedAt: null,
      traceparent: currentTraceContext().traceparent ?? null,
    };
    const following = follower.follow(command.commandId);
    try {
      const riderStored = await store(command);
      // From here on the command is kept: what can't be handed on now is left to the sweep.
      handOn(command).catch((error: unknown) => {
        log.warn({ err: error, commandId: command.commandId }, 'a command could not be handed on yet');
      });
      await following.until(waiting ? isFinal : () => true, waiting ?? patience);
      const progress =
        following.last() ?? expectedProgress(await usage, isImport ? 'bulk' : 'single', clock.now());
      const riders = isImport ? { waiting: riderIds.length, done: 0, failed: 0 } : null;
      const known: CommandRow = { ...command, progress, riders, riderStored };
      return waiting || (isImport && isFinal(progress)) ? await newest(known) : known;
    } finally {
      following.stop();
    }

    async function store(row: NewCommand): Promise<boolean> {
      const storing = insertCommand(db, row, riderIds);
      try {
        return await orAborted(storing, patience);
      } catch (error) {
        const withdraw = () => withdrawCommand(db, row.commandId);
        storing.then(withdraw, withdraw).catch((failure: unknown) => {
          log.warn({ err: failure, commandId: row.commandId }, 'a refused command may still be carried out');
        });
        throw error;
      }
    }

    /** What is stored is the truth once it is final: a change may have passed unheard. */
    async function newest(known: CommandRow): Promise<CommandRow> {
      const stored = await findCommand(db, known.commandId).catch(() => undefined);
      if (!stored) return known;
      return isFinal(stored.progress) ? stored : { ...stored, progress: known.progress };
    }
  };
