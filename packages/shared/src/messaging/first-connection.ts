import {
  type ConnectionOptions,
  connect as connectTransport,
  type NatsConnection,
} from '@nats-io/transport-node';
import { AuthorizationError } from '@nats-io/nats-core';
import { tlsRefusal } from '../words/connection.ts';

/** Real ms. */
const pauseMs = 250;

/**
 * Connects as soon as a broker is there, as long as that takes.
 * @throws {Error} when it is there and refuses us, or is not the one that it should be: waiting would not help
 */
export async function firstConnection(options: ConnectionOptions): Promise<NatsConnection> {
  for (;;) {
    try {
      if (options.tls) await tryOnce(options);
      return await connectTransport(options);
    } catch (error) {
      if (error instanceof AuthorizationError) throw error;
      const refusal = tlsRefusal(error);
      if (refusal !== undefined)
        throw new Error(`The broker is not connected to: ${refusal}`, { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/**
 * A server that does not take our certificate says so when the handshake is over, which a connection that is to last takes
 * for an accident, and tries again for ever.
 */
async function tryOnce(options: ConnectionOptions): Promise<void> {
  const connection = await connectTransport({ ...options, reconnect: false });
  await connection.flush();
  await connection.close();
}
