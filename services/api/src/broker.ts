import { type Bus, connect, createBus } from '@paceline/shared/messaging';
import type { Logger } from '@paceline/shared/telemetry';

/** Settles as `work` does, unless `signal` aborts first: then it rejects with its reason and `work` goes on unheard. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

export class BrokerAway extends Error {
  override name = 'BrokerAway';
}

/** Real ms: a busy machine is not an absent broker. */
const longestPingMs = 2_000;

export function openBroker(url: string, log: Logger) {
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
    /** Settles with the first connection. @throws {Error} when the broker is too old or refuses us */
    connected,
    /** The bus, also of a slow broker: for taking commands. @throws {BrokerAway} */
    bus: current,
    /** The bus, after a ping within 2 s. @throws {BrokerAway} */
    async reach() {
      const reached = current();
      try {
        await orAborted(reached.connection.rtt(), AbortSignal.timeout(longestPingMs));
        return reached;
      } catch (error) {
        throw new BrokerAway('The broker does not answer', { cause: error });
      }
    },
    async close() {
      await bus?.connection.close();
    },
  };
}

export type Broker = ReturnType<typeof openBroker>;
