import { type Bus, connect, createBus } from '@paceline/shared/messaging';
import type { Logger } from '@paceline/shared/telemetry';

/** Settles like `work`. If `signal` aborts first, rejects with its reason, and the result of `work` is ignored. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

export class BrokerUnavailable extends Error {
  override name = 'BrokerUnavailable';
}

/** Real ms. Long enough for a broker on a busy machine. */
const pingTimeoutMs = 2_000;

export function openBroker(url: string, log: Logger) {
  let bus: Bus | undefined;
  let isDisconnected = false;
  const connected = connect(url, 'api').then((connection) => {
    void followStatus(connection);
    return (bus = createBus(connection, log));
  });

  async function followStatus(connection: Bus['connection']): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect' || type === 'close') isDisconnected = true;
      if (type === 'reconnect') isDisconnected = false;
    }
  }

  const current = (): Bus => {
    if (!bus) throw new BrokerUnavailable('Not connected to the broker yet');
    if (isDisconnected) throw new BrokerUnavailable('The broker does not answer');
    return bus;
  };
  return {
    /** Resolves with the first connection. @throws {Error} when the broker is too old or rejects the login */
    connected,
    /** The bus, without a ping, so that a slow broker does not delay commands. @throws {BrokerUnavailable} */
    bus: current,
    /** The bus, after a ping within 2 s. @throws {BrokerUnavailable} */
    async reach() {
      const bus = current();
      try {
        await orAborted(bus.connection.rtt(), AbortSignal.timeout(pingTimeoutMs));
        return bus;
      } catch (error) {
        throw new BrokerUnavailable('The broker does not answer', { cause: error });
      }
    },
    async close() {
      await bus?.connection.close();
    },
  };
}

export type Broker = ReturnType<typeof openBroker>;
