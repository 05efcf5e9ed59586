import type { Clock } from '@paceline/shared/clock';
import { catalog } from '@paceline/shared/contracts';
import type { Database } from '@paceline/shared/database';
import { idAt, publish } from '@paceline/shared/messaging';
import { withTraceContext } from '@paceline/shared/telemetry';
import type { Broker } from './broker.ts';
import { isStillOpen, markPublished, type Published, type Unpublished } from './commands.ts';

/**
 * Hands a stored command to the service that carries it out, in the trace of who asked for it, also when somebody else
 * does so later. Safe to repeat.
 * @param lostAt the place in the stream at which the broker lost it: it would drop a second message of the first one's id
 * @throws {BrokerAway}
 */
export type HandOn = (command: Unpublished, lostAt?: number) => Promise<void>;

export const handOnWith =
  (broker: Broker, db: Database, clock: Clock): HandOn =>
  async ({ commandId, riderId, requestedAt, traceparent }, lostAt) => {
    const bus = await broker.reach();
    const once = { id: lostAt === undefined ? commandId : `${commandId}:after:${lostAt}` };
    await withTraceContext(traceparent === null ? {} : { traceparent }, async () => {
      const { sequence } =
        riderId === null
          ? await publish(bus, catalog.importRiders, { commandId, requestedAt }, once)
          : await publish(bus, catalog.addRider, { commandId, riderId, requestedAt }, once);
      await markPublished(db, commandId, sequence, clock.now());
    });
  };

/** Whether the broker has lost the message of a command that was handed on: nobody will carry it out. @throws {BrokerAway} */
export type IsLost = (command: Published) => Promise<boolean>;

export const isLostWith =
  (broker: Broker, db: Database): IsLost =>
  async (command) => {
    const bus = await broker.reach();
    const message = command.riderId === null ? catalog.importRiders : catalog.addRider;
    const id = await idAt(bus, message, command.sequence);
    if (id === command.commandId || id?.startsWith(`${command.commandId}:`)) return false;
    // Who carries a command out writes how it ended before the message goes.
    return isStillOpen(db, command);
  };
