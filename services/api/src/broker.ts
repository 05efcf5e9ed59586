import { type Bus, type OpenBus, openBus } from '@paceline/shared/messaging';
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
  let open: OpenBus | undefined;
  let isDisconnected = false;
  const connected = openBus(url, 'api', log).then((opened) => {
    open = opened;
    void followStatus(opened.bus.connection);
    return opened.bus;
  });

  async function followStatus(connection: Bus['connection']): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect' || type === 'close') isDisconnected = true;
      if (type === 'reconnect') isDisconnected = false;
    }
  }

  const current = (): Bus => {
    if (!open) throw new BrokerUnavailable('Not connected to the broker yet');
    if (isDisconnected) throw new BrokerUnavailable('The broker does not answer');
    return open.bus;
  };
  async function check(name: keyof OpenBus['checks']): Promise<void> {
    if (!open) throw new BrokerUnavailable('Not connected to the broker yet');
    const timeout = AbortSignal.timeout(pingTimeoutMs);
    await orAborted(open.checks[name](), timeout).catch((error: unknown) => {
      throw timeout.aborted ? new BrokerUnavailable('The broker does not answer', { cause: error }) : error;
    });
  }
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
    /** Readiness checks, each within 2 s. They throw with the reason. */
    checks: { broker: () => check('broker'), storage: () => check('storage') },
    async close() {
      await open?.bus.connection.close();
    },
  };
}

export type Broker = ReturnType<typeof openBroker>;
