import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { NatsConnection } from '@nats-io/nats-core';
import { NatsConnectionImpl } from '@nats-io/nats-core/internal';
import pg from 'pg';

/**
 * What this process has under way with the outside. Imported once, it watches every connection that is made from then
 * on: how many bytes have moved, and how many queries and requests are not answered yet.
 */
const sockets = new Set<Socket>();
const connections = new Set<NatsConnection>();
const unwatchedScope = new AsyncLocalStorage<true>();
let bytesOfClosed = 0;
let bytesOfPings = 0;
let unanswered = 0;
const waiting: Array<() => void> = [];

/** Bytes that the sockets of the process have sent and received, but for the pings of `pingBroker`. */
export function bytesMoved(): number {
  let bytes = bytesOfClosed - bytesOfPings;
  for (const { bytesRead, bytesWritten } of sockets) bytes += bytesRead + bytesWritten;
  return bytes;
}

/** Resolves once every query of Postgres and every request over the broker has its answer. */
export async function allRepliesReceived(): Promise<void> {
  while (unanswered > 0) await new Promise<void>((resolve) => waiting.push(resolve));
}

/** A PING and its PONG, with their line ends. */
const bytesOfPing = 12;

/**
 * Returns once the broker has answered on every connection: it serves each by itself. What was published before has been
 * routed by then, and what was routed before has been received. A connection that is away has nothing to receive.
 */
export async function pingBroker(): Promise<void> {
  await Promise.all([...connections].map(ping));
}

function ping(connection: NatsConnection): Promise<unknown> {
  const answered = connection.rtt().then(
    () => (bytesOfPings += bytesOfPing),
    () => undefined,
  );
  return Promise.race([answered, connection.closed()]);
}

/** Runs `work` unseen: what looks whether all is quiet must not be heard itself. */
export const unwatched = <T>(work: () => T): T => unwatchedScope.run(true, work);

function watch(message: unknown): void {
  if (unwatchedScope.getStore()) return;
  const { socket } = message as { socket: Socket };
  sockets.add(socket);
  socket.once('close', () => {
    sockets.delete(socket);
    bytesOfClosed += socket.bytesRead + socket.bytesWritten;
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

type Method = (this: unknown, ...given: unknown[]) => unknown;

/** Counts the calls of a method that takes a callback, or returns a promise, until they are answered. */
function count(methods: Record<string, Method>, name: string): void {
  const original = methods[name];
  if (!original) throw new Error(`there is no method ${name} to count`);
  methods[name] = function (...given) {
    if (unwatchedScope.getStore()) return original.apply(this, given);
    const callback = given.at(-1);
    unanswered += 1;
    try {
      if (typeof callback === 'function') {
        const answered: Method = function (...answer) {
          onAnswer();
          return Reflect.apply(callback, this, answer);
        };
        return original.apply(this, [...given.slice(0, -1), answered]);
      }
      const result = original.apply(this, given);
      Promise.resolve(result).then(onAnswer, onAnswer);
      return result;
    } catch (error) {
      onAnswer();
      throw error;
    }
  };
}

function onAnswer(): void {
  unanswered -= 1;
  if (unanswered > 0) return;
  for (const resolve of waiting.splice(0)) resolve();
}

const methodsOf = (of: { prototype: object }) => of.prototype as Record<string, Method>;
count(methodsOf(pg.Client), 'connect');
count(methodsOf(pg.Client), 'query');
count(methodsOf(NatsConnectionImpl), 'request');
