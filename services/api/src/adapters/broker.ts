import { type Bus, connect, createBus } from '@paceline/shared/messaging';
import type { Logger } from '@paceline/shared/telemetry';
import { orAborted } from './or-aborted.ts';

/** There is no connection to the broker: nothing can be handed to another service now. */
export class BrokerAway extends Error {
  override name = 'BrokerAway';
}

/** The way to the broker, which may come later than the first request, and go again. */
export interface Broker {
  /** Settles with the first connection. @throws {Error} when the broker is too old or refuses us */
  readonly connected: Promise<Bus>;
  /** The bus, also of a broker that is slow. @throws {BrokerAway} while there is no connection */
  bus(): Bus;
  /** For the readiness probe. @throws {BrokerAway} also when the broker does not answer at once */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Real ms. */
const longestPingMs = 500;

export function openBroker(url: string, log: Logger): Broker {
  let bus: Bus | undefined;
  let away = false;
  const connected = connect(url, 'api').then((connection) => {
    void follow(connection);
    return (bus = createBus(connection, log));
  });

  async function follow(connection: Bus['connection']): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect' || type === 'close') away = true;
      if (type === 'reconnect') away = false;
    }
  }

  const current = (): Bus => {
    if (!bus) throw new BrokerAway('The broker has not been reached yet');
    if (away) throw new BrokerAway('The broker does not answer');
    return bus;
  };
  return {
    connected,
    bus: current,
    async ping() {
      try {
        await orAborted(current().connection.rtt(), AbortSignal.timeout(longestPingMs));
      } catch (error) {
        if (error instanceof BrokerAway) throw error;
        throw new BrokerAway('The broker does not answer', { cause: error });
      }
    },
    async close() {
      await bus?.connection.close();
    },
  };
}
