import { type JetStreamClient, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import type { Logger } from '../telemetry/index.ts';

/** What every verb of messaging needs. */
export interface Bus {
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  readonly log: Logger;
}

/**
 * Real ms in which a broker answers a request about its streams. During an election nobody does: the sooner it is asked
 * again, the sooner it is known that somebody leads.
 */
const answerMs = 1_000;

export const createBus = (connection: NatsConnection, log: Logger): Bus => ({
  connection,
  js: jetstream(connection, { timeout: answerMs }),
  log,
});
