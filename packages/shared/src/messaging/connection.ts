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
import { versionProblem } from './server-version.ts';

export interface ConnectOptions {
  /** PEM files, read again for each connection; default: from the environment, as it is the same for all connections. */
  readonly tls?: BrokerTls;
  /** Called with the reason when the broker can't be reached, at once and then every minute. */
  readonly onWaiting?: (reason: string) => void;
}

/**
 * Connects to the broker: waits until one of its servers is up, and then reconnects forever, also after refused logins.
 * Credentials are taken out of the URL, so that no log or error shows them.
 * @param url one server, or several of a cluster, comma-separated
 * @throws {Error} when the server is too old, rejects us, or fails TLS verification
 */
export async function connect(
  url: string,
  service: Service | 'provision',
  { tls = tlsOf(process.env), onWaiting = () => {} }: ConnectOptions = {},
): Promise<NatsConnection> {
  const connection = await firstConnection(connectionOptions(url, service, tls), onWaiting);
  const { version = '', cluster } = connection.info ?? {};
  const problem = versionProblem(version, cluster !== undefined);
  if (problem !== undefined) {
    await connection.close();
    throw new Error(problem);
  }
  return connection;
}

function connectionOptions(url: string, service: Service | 'provision', tls: BrokerTls): ConnectionOptions {
  const { servers, user, pass } = splitCredentials(url);
  const requiresTls = Object.keys(tls).length > 0 || servers.some((server) => server.startsWith('tls:'));
  const hosts = servers.map((server) => new URL(server).hostname.replace(/^\[|\]$/g, ''));
  const checked = { ...tls, checkServerIdentity: identityOf(hosts) };
  return {
    servers,
    name: service,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    // Otherwise the second refused login closes the client for good.
    ignoreAuthErrorAbort: true,
    // Otherwise every request takes a stack trace, in case it fails.
    noAsyncTraces: true,
    // Detects within seconds that the broker's host is gone.
    pingInterval: 5_000,
    ...(service === 'provision' ? {} : { inboxPrefix: inboxPrefix(service) }),
    ...(user === undefined ? {} : { user, pass: pass ?? '' }),
    // Without this, TLS is only used if the server requires it.
    ...(requiresTls && { tls: checked }),
  };
}

type BrokerTls = Pick<TlsOptions, 'caFile' | 'certFile' | 'keyFile'>;

/** @throws {ConfigError} */
function tlsOf(env: NodeJS.ProcessEnv): BrokerTls {
  loadConfig(env, [], brokerTlsVariables);
  const files = { caFile: env.NATS_TLS_CA, certFile: env.NATS_TLS_CERT, keyFile: env.NATS_TLS_KEY };
  return Object.fromEntries(Object.entries(files).filter(([, path]) => Boolean(path)));
}

/** Splits `nats://user:pass@host:4222,nats://user:pass@other:4222` into servers and credentials. */
export function splitCredentials(url: string): { servers: string[]; user?: string; pass?: string } {
  const parsed = serversOf(url).map((server) => new URL(server));
  const servers = parsed.map(({ protocol, host }) => `${protocol}//${host}`);
  const [first] = parsed;
  if (!first?.username) return { servers };
  return { servers, user: decodeURIComponent(first.username), pass: decodeURIComponent(first.password) };
}

const pauseMs = 250;
/** Real ms between two reports of a broker that can't be reached. */
const reportEveryMs = 60_000;

/** Connects as soon as a broker is up. @throws {Error} when it rejects us or fails TLS verification, as waiting would not help */
export async function firstConnection(
  options: ConnectionOptions,
  onWaiting: (reason: string) => void,
): Promise<NatsConnection> {
  let reportedAt = -Infinity;
  for (;;) {
    try {
      if (options.tls) await tryOnce(options);
      return await connectTransport(options);
    } catch (error) {
      if (error instanceof AuthorizationError && !isTooSlow(error)) throw error;
      const refusal = tlsProblem(error);
      if (refusal !== undefined) throw new Error(`Broker connection failed: ${refusal}`, { cause: error });
      if (performance.now() - reportedAt >= reportEveryMs) {
        reportedAt = performance.now();
        onWaiting(reasonOf(error));
      }
    }
    await sleep(pauseMs);
  }
}

/** On a busy machine the broker can give up a login that it has not received in time, which says nothing about the user. */
const isTooSlow = ({ message }: AuthorizationError) => /timeout/i.test(message);

/** Why the broker can't be reached now, in words; undefined when it can. Tries with a connection of its own. */
export async function whyUnreachable(
  url: string,
  service: Service,
  tls: BrokerTls = tlsOf(process.env),
): Promise<string | undefined> {
  try {
    await tryOnce(connectionOptions(url, service, tls));
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

function reasonOf(error: unknown): string {
  const refusal = tlsProblem(error);
  if (refusal !== undefined) return refusal;
  if (error instanceof AuthorizationError && !isTooSlow(error))
    return `it rejects our login (${error.message})`;
  const message = error instanceof Error ? error.message : String(error);
  // A broker at its limit closes the connection at once, often before the client has read why.
  const isDropped = /EPIPE|ECONNRESET|maximum .*connections exceeded/i.test(message);
  return isDropped ? `it closes our connection, perhaps because it has too many (${message})` : message;
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
