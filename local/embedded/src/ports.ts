import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

const loopback = '127.0.0.1';

/** Below those that the machine gives to the near ends of connections, one of which would take a server's while it is down. */
const ours = { least: 15_000, most: 32_000 };

/** Ports that were given out and may not be taken yet. */
const given = new Set<number>();

/** A TCP port that nobody listens on at this moment, and that nobody else in this process was given. */
export async function freePort(host = loopback): Promise<number> {
  for (;;) {
    const port = randomInt(ours.least, ours.most);
    if (given.has(port)) continue;
    given.add(port);
    if (await portIsFree(port, host)) return port;
  }
}

/** Whether a server could listen on `port` now. @throws {Error} when it is not allowed to, e.g. below 1024 */
export async function portIsFree(port: number, host = loopback): Promise<boolean> {
  const server = createServer().listen({ port, host, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}

/** @throws {Error} in plain words when something listens on `port`; port 0 ("any") is always fine */
export async function demandFreePort(port: number, host = loopback): Promise<void> {
  if (port === 0 || (await portIsFree(port, host))) return;
  throw new Error(`port ${port} is taken: stop what listens on ${host}:${port}, or choose another port`);
}
