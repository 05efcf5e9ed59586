import {
  type ConnectionOptions,
  connect as connectTransport,
  type NatsConnection,
} from '@nats-io/transport-node';
import { serversOf } from '../config/index.ts';
import { inboxPrefix, type Service } from '../contracts/index.ts';

/** The oldest server that does all that is asked of it; older ones ignore parts of it silently. */
const oldestServer = [2, 10] as const;

/**
 * Connects to the broker, waits for it as long as it takes, and never gives up reconnecting. Of a cluster any server will
 * do, and when it is gone any other.
 * Credentials in the URL are used and removed, so that no log or error shows them.
 * @throws {Error} when the server is too old
 * @param url one server, or several of a cluster, comma-separated
 */
export async function connect(url: string, service: Service | 'provision'): Promise<NatsConnection> {
  const { servers, user, pass } = splitCredentials(url);
  const options: ConnectionOptions = {
    servers,
    name: service,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    waitOnFirstConnect: true,
    // A service finds out within seconds that its broker's host is gone.
    pingInterval: 5_000,
    ...(service === 'provision' ? {} : { inboxPrefix: inboxPrefix(service) }),
    ...(user === undefined ? {} : { user, pass: pass ?? '' }),
  };
  const connection = await connectTransport(options);
  const version = connection.info?.version ?? '0.0.0';
  if (!isNewEnough(version)) {
    await connection.close();
    throw new Error(
      `The NATS server is ${version}; Paceline needs ${oldestServer.join('.')} or newer: older ones ignore what it asks of them.`,
    );
  }
  return connection;
}

/** `nats://user:pass@host:4222,nats://user:pass@other:4222` → its parts. */
export function splitCredentials(url: string): { servers: string[]; user?: string; pass?: string } {
  const parsed = serversOf(url).map((server) => new URL(server));
  const servers = parsed.map(({ protocol, host }) => `${protocol}//${host}`);
  const [first] = parsed;
  if (!first?.username) return { servers };
  return { servers, user: decodeURIComponent(first.username), pass: decodeURIComponent(first.password) };
}

export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldestServer[0] || (major === oldestServer[0] && minor >= oldestServer[1]);
}
