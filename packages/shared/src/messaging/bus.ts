import { type JetStreamClient, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import type { Logger } from '../telemetry/index.ts';

/** What every verb of messaging needs. */
export interface Bus {
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  readonly log: Logger;
}

export const createBus = (connection: NatsConnection, log: Logger): Bus => ({
  connection,
  js: jetstream(connection, { timeout: 5_000 }),
  log,
});
