import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { NatsConnectionImpl } from '@nats-io/nats-core/internal';
import pg from 'pg';

/**
 * What this process has under way with the outside. Imported once, it watches every connection that is made from then
 * on: how many bytes have moved, and how many queries and requests are not answered yet.
 */
const sockets = new Set<Socket>();
const apart = new AsyncLocalStorage<true>();
let bytesOfClosed = 0;
let unanswered = 0;
const waiting: Array<() => void> = [];

/** Bytes that the sockets of the process have sent and received. */
export function bytesMoved(): number {
  let bytes = bytesOfClosed;
  for (const { bytesRead, bytesWritten } of sockets) bytes += bytesRead + bytesWritten;
  return bytes;
}

/** Resolves once every query of Postgres and every request over the broker has its answer. */
export async function allAnswered(): Promise<void> {
  while (unanswered > 0) await new Promise<void>((resolve) => waiting.push(resolve));
}

/** Runs `work` unseen: what looks whether all is quiet must not be heard itself. */
export const unseen = <T>(work: () => T): T => apart.run(true, work);

function watch(message: unknown): void {
  if (apart.getStore()) return;
  const { socket } = message as { socket: Socket };
  sockets.add(socket);
  socket.once('close', () => {
    sockets.delete(socket);
    bytesOfClosed += socket.bytesRead + socket.bytesWritten;
  });
}
subscribe('net.client.socket', watch);
subscribe('net.server.socket', watch);

type Method = (this: unknown, ...given: unknown[]) => unknown;

/** Counts the calls of a method that takes a callback, or returns a promise, until they are answered. */
function count(methods: Record<string, Method>, name: string): void {
  const original = methods[name];
  if (!original) throw new Error(`there is no method ${name} to count`);
  methods[name] = function (...given) {
    if (apart.getStore()) return original.apply(this, given);
    const callback = given.at(-1);
    unanswered += 1;
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
