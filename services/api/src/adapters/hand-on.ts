import type { Clock } from '@paceline/shared/clock';
import { catalog } from '@paceline/shared/contracts';
import type { Database } from '@paceline/shared/database';
import { publish } from '@paceline/shared/messaging';
import { withTraceContext } from '@paceline/shared/telemetry';
import type { Broker } from './broker.ts';
import { markPublished, type Unpublished } from './commands.ts';

/**
 * Hands a stored command to the service that carries it out, in the trace of who asked for it, also when somebody else
 * does so later. Safe to repeat. @throws {BrokerAway}
 */
export type HandOn = (command: Unpublished) => Promise<void>;

export const handOnWith =
  (broker: Broker, db: Database, clock: Clock): HandOn =>
  async ({ commandId, riderId, requestedAt, traceparent }) => {
    const bus = await broker.reach();
    const once = { id: commandId };
    await withTraceContext(traceparent === null ? {} : { traceparent }, async () => {
      if (riderId === null) await publish(bus, catalog.importRiders, { commandId, requestedAt }, once);
      else await publish(bus, catalog.addRider, { commandId, riderId, requestedAt }, once);
      await markPublished(db, commandId, clock.now());
    });
  };
