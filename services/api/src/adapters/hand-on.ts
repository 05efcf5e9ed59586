import type { Clock } from '@paceline/shared/clock';
import { catalog } from '@paceline/shared/contracts';
import type { Database } from '@paceline/shared/database';
import { publish } from '@paceline/shared/messaging';
import type { Broker } from './broker.ts';
import { markPublished, type Unpublished } from './commands.ts';

/** Hands a stored command to the service that carries it out. Safe to repeat. @throws {BrokerAway} */
export type HandOn = (command: Unpublished) => Promise<void>;

export const handOnWith =
  (broker: Broker, db: Database, clock: Clock): HandOn =>
  async ({ commandId, riderId, requestedAt }) => {
    const bus = await broker.reach();
    const once = { id: commandId };
    if (riderId === null) await publish(bus, catalog.importRiders, { commandId, requestedAt }, once);
    else await publish(bus, catalog.addRider, { commandId, riderId, requestedAt }, once);
    await markPublished(db, commandId, clock.now());
  };
