import { type Bus, connect, createBus } from '@paceline/shared/messaging';
import type { Logger } from '@paceline/shared/telemetry';
import { orAborted } from './or-aborted.ts';

/** The broker does not answer: nothing can be handed to another service now. */
export class BrokerAway extends Error {
  override name = 'BrokerAway';
}

/** The way to the broker, which may come later than the first request, and go again. */
export interface Broker {
  /** Settles with the first connection. @throws {Error} when the broker is too old or refuses us */
  readonly connected: Promise<Bus>;
  /** The bus, after the broker has answered a ping on it. @throws {BrokerAway} */
  reach(): Promise<Bus>;
  close(): Promise<void>;
}

/** Real ms; an answer takes well under one, but a busy machine may be late to look. */
const longestPingMs = 500;

export function openBroker(url: string, log: Logger): Broker {
  let bus: Bus | undefined;
  const connected = connect(url, 'api').then((connection) => (bus = createBus(connection, log)));
  return {
    connected,
    async reach() {
      if (!bus) throw new BrokerAway('The broker has not been reached yet');
      try {
        await orAborted(bus.connection.rtt(), AbortSignal.timeout(longestPingMs));
      } catch (error) {
        throw new BrokerAway('The broker does not answer', { cause: error });
      }
      return bus;
    },
    async close() {
      await bus?.connection.close();
    },
  };
}
