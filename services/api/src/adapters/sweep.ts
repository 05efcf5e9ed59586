import type { Clock } from '@paceline/shared/clock';
import type { Database } from '@paceline/shared/database';
import type { Logger } from '@paceline/shared/telemetry';
import type { Broker } from './broker.ts';
import { findUnpublished, listOpen, type Published, type Unpublished } from './commands.ts';
import type { Hand, IsLost } from './hand-on.ts';
import type { RefusedCommands } from './refused-commands.ts';
import { type Rounds, rounds } from './rounds.ts';

/** Real ms. A request that is alive has usually handed its command on by then; a second time does no harm. */
const graceMs = 2_000;
const pauseMs = 1_000;
const atOnce = 100;
/** Open commands that are looked for in their stream in a round: in turn, so that many are no burden. */
const lookedFor = 20;

export interface SweepParts {
  readonly db: Database;
  readonly hand: Hand;
  readonly broker: Broker;
  readonly isLost: IsLost;
  readonly refused: RefusedCommands;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Hands on the commands whose request died between storing and handing on, or found no broker to hand them to:
 * at once and then every second. Those that were handed on are looked for in their stream meanwhile, for a broker whose
 * disk is full, or that was set back, may lose what it has acknowledged. What was refused is withdrawn first.
 */
export function startSweep({ db, hand, broker, isLost, refused, clock, log }: SweepParts): Rounds {
  let failing = false;
  let lookedUpTo = '';
  const findLost = async (before: number) => {
    const open = await listOpen(db, lookedUpTo, before, lookedFor);
    const lost = await Promise.all(open.map(isLost));
    lookedUpTo = open.length < lookedFor ? '' : (open.at(-1)?.commandId ?? '');
    return open.filter((_, index) => lost[index]);
  };
  const handOnLeft = async (command: Unpublished) => {
    await hand.on(command);
    log.info({ commandId: command.commandId }, 'handed on a command that was left behind');
  };
  const handOnLost = async (command: Published) => {
    await hand.on(command, command.sequence);
    log.warn({ commandId: command.commandId }, 'the broker had lost a command: handed on again');
  };
  const round = async () => {
    try {
      await refused.withdraw();
      await broker.reach();
      const before = clock.now() - clock.fromMachine(graceMs);
      const left = await findUnpublished(db, before, atOnce);
      // One may have been committed just now: the next round withdraws it.
      await Promise.all(left.filter((command) => !refused.has(command)).map(handOnLeft));
      await Promise.all((await findLost(before)).map(handOnLost));
      // Else the next round would find the same ones.
      await hand.marked();
      failing = false;
    } catch (error) {
      if (!failing) log.warn({ err: error }, 'commands may be left behind, looking again every second');
      failing = true;
    }
  };
  return rounds(clock.machine, round, pauseMs);
}
