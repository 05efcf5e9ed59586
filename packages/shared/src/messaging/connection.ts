import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { AuthorizationError } from '@nats-io/nats-core';
import {
  connect as connectTransport,
  type ConnectionOptions,
  type NatsConnection,
  type TlsOptions,
} from '@nats-io/transport-node';
import { brokerTlsVariables, loadConfig, serversOf } from '../config/index.ts';
import { inboxPrefix, type Service } from '../contracts/index.ts';
import { tlsProblem } from '../words.ts';

/** The oldest server with all features in use; older ones ignore them silently. */
const minVersion = [2, 10] as const;

/**
 * Connects to the broker: waits until one of its servers is up, and reconnects forever.
 * Credentials are taken out of the URL, so that no log or error shows them.
 * @param url one server, or several of a cluster, comma-separated
 * @param tls as PEM; default: from the environment, the same for all connections of a process
 * @throws {Error} when the server is too old, rejects us, or fails TLS verification
 */
export async function connect(
  url: string,
  service: Service | 'provision',
  tls: BrokerTls = tlsOf(process.env),
): Promise<NatsConnection> {
  const { servers, user, pass } = splitCredentials(url);
  const requiresTls = Object.keys(tls).length > 0 || servers.some((server) => server.startsWith('tls:'));
  const hosts = servers.map((server) => new URL(server).hostname.replace(/^\[|\]$/g, ''));
  const checked = { ...tls, checkServerIdentity: identityOf(hosts) };
  const options: ConnectionOptions = {
    servers,
    name: service,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    // Detects within seconds that the broker's host is gone.
    pingInterval: 5_000,
    ...(service === 'provision' ? {} : { inboxPrefix: inboxPrefix(service) }),
    ...(user === undefined ? {} : { user, pass: pass ?? '' }),
    // Without this, TLS is only used if the server requires it.
    ...(requiresTls && { tls: checked }),
  };
  const connection = await firstConnection(options);
  const version = connection.info?.version ?? '0.0.0';
  if (!isNewEnough(version)) {
    await connection.close();
    throw new Error(
      `NATS server ${version} is too old: Paceline needs ${minVersion.join('.')} or newer, as older ones ignore features that it relies on`,
    );
  }
  return connection;
}

type BrokerTls = Pick<TlsOptions, 'ca' | 'cert' | 'key'>;

/** @throws {ConfigError} */
function tlsOf(env: NodeJS.ProcessEnv): BrokerTls {
  const { NATS_TLS_CA: ca, NATS_TLS_CERT: cert, NATS_TLS_KEY: key } = loadConfig(env, [], brokerTlsVariables);
  return Object.fromEntries(Object.entries({ ca, cert, key }).filter(([, pem]) => pem !== undefined));
}

/** Splits `nats://user:pass@host:4222,nats://user:pass@other:4222` into servers and credentials. */
export function splitCredentials(url: string): { servers: string[]; user?: string; pass?: string } {
  const parsed = serversOf(url).map((server) => new URL(server));
  const servers = parsed.map(({ protocol, host }) => `${protocol}//${host}`);
  const [first] = parsed;
  if (!first?.username) return { servers };
  return { servers, user: decodeURIComponent(first.username), pass: decodeURIComponent(first.password) };
}

export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > minVersion[0] || (major === minVersion[0] && minor >= minVersion[1]);
}

const pauseMs = 250;

/** Connects as soon as a broker is up. @throws {Error} when it rejects us or fails TLS verification, as waiting would not help */
export async function firstConnection(options: ConnectionOptions): Promise<NatsConnection> {
  for (;;) {
    try {
      if (options.tls) await tryOnce(options);
      return await connectTransport(options);
    } catch (error) {
      if (error instanceof AuthorizationError) throw error;
      const refusal = tlsProblem(error);
      if (refusal !== undefined) throw new Error(`Broker connection failed: ${refusal}`, { cause: error });
    }
    await sleep(pauseMs);
  }
}

/** A client certificate is rejected only after the handshake, and a reconnecting client would retry forever. */
async function tryOnce(options: ConnectionOptions): Promise<void> {
  const connection = await connectTransport({ ...options, reconnect: false });
  await connection.flush();
  await connection.close();
}

/** The client passes server names but no addresses; without this, Node would accept a certificate for `localhost`. */
export const identityOf =
  (hosts: readonly string[]) =>
  (name: string, certificate: PeerCertificate): Error | undefined => {
    const addresses = hosts.filter((host) => isIP(host) !== 0);
    const expected = hosts.includes(name) || addresses.length === 0 ? [name] : addresses;
    const problems = expected.map((host) => checkServerIdentity(host, certificate));
    return problems.includes(undefined) ? undefined : problems[0];
  };
