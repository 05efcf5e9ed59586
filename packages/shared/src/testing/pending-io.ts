import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { NatsConnection } from '@nats-io/nats-core';
import { NatsConnectionImpl } from '@nats-io/nats-core/internal';
import pg from 'pg';

/**
 * The pending I/O of this process. Once imported, it watches every new connection: how many bytes have moved, and how
 * many queries and requests have no reply yet.
 */
const sockets = new Set<Socket>();
const connections = new Set<NatsConnection>();
const unwatchedScope = new AsyncLocalStorage<true>();
let bytesOfClosedSockets = 0;
let bytesOfPings = 0;
let pending = 0;
const waiting: Array<() => void> = [];

/** Bytes sent and received by the sockets of the process, without the pings of `pingBroker`. */
export function bytesMoved(): number {
  let bytes = bytesOfClosedSockets - bytesOfPings;
  for (const { bytesRead, bytesWritten } of sockets) bytes += bytesRead + bytesWritten;
  return bytes;
}

/** Resolves once every Postgres query and every broker request has a reply. */
export async function allRepliesReceived(): Promise<void> {
  while (pending > 0) await new Promise<void>((resolve) => waiting.push(resolve));
}

/** A PING and its PONG, with line ends. */
const bytesOfPing = 12;

/**
 * Pings the broker on every connection, as each has its own order. After the pongs, all messages published before are
 * routed, and all messages routed before are received. A lost connection has nothing to receive.
 */
export async function pingBroker(): Promise<void> {
  await Promise.all([...connections].map(ping));
}

function ping(connection: NatsConnection): Promise<unknown> {
  const ponged = connection.rtt().then(
    () => (bytesOfPings += bytesOfPing),
    () => undefined,
  );
  return Promise.race([ponged, connection.closed()]);
}

/** Runs `work` without counting its I/O: the check for idleness must not count itself. */
export const unwatched = <T>(work: () => T): T => unwatchedScope.run(true, work);

function watch(message: unknown): void {
  if (unwatchedScope.getStore()) return;
  const { socket } = message as { socket: Socket };
  sockets.add(socket);
  socket.once('close', () => {
    sockets.delete(socket);
    bytesOfClosedSockets += socket.bytesRead + socket.bytesWritten;
  });
}
subscribe('net.client.socket', watch);
subscribe('net.server.socket', watch);

const connect = NatsConnectionImpl.connect.bind(NatsConnectionImpl);
NatsConnectionImpl.connect = async (options) => {
  const connection = await connect(options);
  if (unwatchedScope.getStore()) return connection;
  connections.add(connection);
  void connection.closed().then(() => connections.delete(connection));
  return connection;
};

type AnyMethod = (this: unknown, ...given: unknown[]) => unknown;

/** Counts the pending calls of a method that takes a callback or returns a promise. */
function count(methods: Record<string, AnyMethod>, name: string): void {
  const original = methods[name];
  if (!original) throw new Error(`no method ${name} to count`);
  methods[name] = function (...given) {
    if (unwatchedScope.getStore()) return original.apply(this, given);
    const callback = given.at(-1);
    pending += 1;
    try {
      if (typeof callback === 'function') {
        const countedCallback: AnyMethod = function (...results) {
          onReply();
          return Reflect.apply(callback, this, results);
        };
        return original.apply(this, [...given.slice(0, -1), countedCallback]);
      }
      const result = original.apply(this, given);
      Promise.resolve(result).then(onReply, onReply);
      return result;
    } catch (error) {
      onReply();
      throw error;
    }
  };
}

function onReply(): void {
  pending -= 1;
  if (pending > 0) return;
  for (const resolve of waiting.splice(0)) resolve();
}

const methodsOf = (of: { prototype: object }) => of.prototype as Record<string, AnyMethod>;
count(methodsOf(pg.Client), 'connect');
count(methodsOf(pg.Client), 'query');
count(methodsOf(NatsConnectionImpl), 'request');
