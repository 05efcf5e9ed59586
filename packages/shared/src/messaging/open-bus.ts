import type { NatsConnection } from '@nats-io/nats-core';
import type { Service } from '../contracts/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { type Bus, createBus } from './bus.ts';
import { connect, type ConnectOptions, whyUnreachable } from './connection.ts';
import { storageCheck } from './storage.ts';

export interface OpenBus {
  readonly bus: Bus;
  /** Readiness checks. Each throws with the reason. */
  readonly checks: {
    /** The broker answers, and accepts us. */
    readonly broker: () => Promise<void>;
    /** The broker has what the service needs. */
    readonly storage: () => Promise<void>;
  };
}

/**
 * Connects a service to the broker, and says in the log why it waits.
 * @throws {Error} when the server is too old, or rejects us at this first time; later the client keeps trying
 */
export async function openBus(
  url: string,
  service: Service,
  log: Logger,
  { tls }: Pick<ConnectOptions, 'tls'> = {},
): Promise<OpenBus> {
  const onWaiting = (reason: string) => log.warn({ reason }, 'waiting for the broker');
  const connection = await connect(url, service, { ...(tls && { tls }), onWaiting });
  const bus = createBus(connection, log);
  const { check: look, reconnected } = storageCheck(bus, service);
  const probe = () => whyUnreachable(url, service, tls);
  const { check, isConnected } = connectionCheck(connection, probe, reconnected);
  const storage = async () => {
    if (!isConnected()) throw new Error('Unknown while disconnected');
    await look();
  };
  return { bus, checks: { broker: check, storage } };
}

/** Real ms between two attempts to find the reason while the broker is away. */
const probeEveryMs = 5_000;

/** The client reconnects without giving its reasons, so `probe` finds them out. */
function connectionCheck(
  connection: NatsConnection,
  probe: () => Promise<string | undefined>,
  onReconnect: () => void,
): { readonly check: () => Promise<void>; readonly isConnected: () => boolean } {
  let isConnected = true;
  let probed: { readonly at: number; readonly reason: Promise<string | undefined> } | undefined;
  void (async () => {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect' || type === 'close') isConnected = false;
      if (type !== 'reconnect') continue;
      [isConnected, probed] = [true, undefined];
      onReconnect();
    }
  })();
  const check = async () => {
    if (isConnected) {
      await connection.rtt();
      return;
    }
    const now = performance.now();
    if (!probed || now - probed.at > probeEveryMs) probed = { at: now, reason: probe() };
    const reason = await probed.reason;
    throw new Error(reason === undefined ? 'Reconnecting' : `Disconnected: ${reason}`);
  };
  return { check, isConnected: () => isConnected };
}
