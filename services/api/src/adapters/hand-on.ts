import type { Clock } from '@paceline/shared/clock';
import { catalog } from '@paceline/shared/contracts';
import type { Database } from '@paceline/shared/database';
import { idAt, publish } from '@paceline/shared/messaging';
import { type Logger, withTraceContext } from '@paceline/shared/telemetry';
import type { Broker } from './broker.ts';
import { isStillOpen, markPublished, type Published, type Unpublished } from './commands.ts';
import { inBatches } from './in-batches.ts';

const marksAtOnce = 500;

export interface Hand {
  /**
   * Publishes a stored command to the service that carries it out, in the trace of its request, also when that was long
   * ago. Resolves when the stream has it. Safe to repeat.
   * @param lostAt the place in the stream at which the broker lost it: it would drop a second message of the first one's id
   * @throws {BrokerAway} and what publishing throws: the sweep tries again
   */
  on(command: Unpublished, lostAt?: number): Promise<void>;
  /** Resolves when everything handed on so far is marked so; what could not be marked is handed on again by the sweep. */
  marked(): Promise<void>;
  /** Resolves when everything that is being handed on now is in the stream and marked so, or has failed. */
  settled(): Promise<void>;
}

export function handWith(broker: Broker, db: Database, clock: Clock, log: Logger): Hand {
  const mark = inBatches(
    async (handedOn: Parameters<typeof markPublished>[1]) => {
      await markPublished(db, handedOn);
      return handedOn.map(() => undefined);
    },
    marksAtOnce,
    clock.machine,
  );
  const running = new Set<Promise<unknown>>();
  const marking = new Set<Promise<unknown>>();

  function markLater(commandId: string, sequence: number): void {
    const marked = mark({ commandId, sequence, at: clock.now() })
      .catch((err: unknown) => log.warn({ err, commandId }, 'could not mark a command as handed on'))
      .finally(() => marking.delete(marked));
    marking.add(marked);
  }

  async function handOn({ commandId, riderId, requestedAt, traceparent }: Unpublished, lostAt?: number) {
    const bus = broker.bus();
    const once = { id: lostAt === undefined ? commandId : `${commandId}:after:${lostAt}` };
    await withTraceContext(traceparent === null ? {} : { traceparent }, async () => {
      const { sequence } =
        riderId === null
          ? await publish(bus, catalog.importRiders, { commandId, requestedAt }, once)
          : await publish(bus, catalog.addRider, { commandId, riderId, requestedAt }, once);
      markLater(commandId, sequence);
    });
  }

  async function marked(): Promise<void> {
    await Promise.all(marking);
  }

  return {
    on(command, lostAt) {
      const handingOn = handOn(command, lostAt).finally(() => running.delete(handingOn));
      running.add(handingOn);
      return handingOn;
    },
    marked,
    async settled() {
      await Promise.allSettled(running);
      await marked();
    },
  };
}

/** Whether the broker has lost the message of a command that was handed on: nobody will carry it out. @throws {BrokerAway} */
export type IsLost = (command: Published) => Promise<boolean>;

export const isLostWith =
  (broker: Broker, db: Database): IsLost =>
  async (command) => {
    const bus = broker.bus();
    const message = command.riderId === null ? catalog.importRiders : catalog.addRider;
    const id = await idAt(bus, message, command.sequence);
    if (id === command.commandId || id?.startsWith(`${command.commandId}:`)) return false;
    // Who carries a command out writes how it ended before the message goes.
    return isStillOpen(db, command);
  };
