import type { Clock } from '@paceline/shared/clock';
import type { Database } from '@paceline/shared/database';
import type { Logger } from '@paceline/shared/telemetry';
import { findUnpublished } from './commands.ts';
import type { HandOn } from './hand-on.ts';

/** Real ms. A request that is alive has handed its command on by then. */
const graceMs = 2_000;
const pauseMs = 1_000;
const atOnce = 100;

export interface Sweep {
  /** Returns when the round in hand is over; no other begins. */
  stop(): Promise<void>;
}

/**
 * Hands on the commands whose request died between storing and handing on, or found no broker to hand them to:
 * at once and then every second.
 */
export function startSweep(db: Database, handOn: HandOn, clock: Clock, log: Logger): Sweep {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let failing = false;
  const round = async () => {
    try {
      const before = clock.now() - clock.fromMachine(graceMs);
      for (const command of await findUnpublished(db, before, atOnce)) {
        await handOn(command);
        log.info({ commandId: command.commandId }, 'handed on a command that was left behind');
      }
      failing = false;
    } catch (error) {
      if (!failing) log.warn({ err: error }, 'commands may be left behind, looking again every second');
      failing = true;
    }
    if (!stopped) timer = setTimeout(next, pauseMs);
  };
  let inHand: Promise<void>;
  const next = () => {
    inHand = round();
  };
  next();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await inHand;
    },
  };
}
