import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Route } from '@paceline/launcher';

/** Every way of every process to what it talks to, by names like `rider-sync>broker`. */
export function createLinks() {
  const links = new Map<string, Link[]>();
  const route: Route = async (service, target, url) => {
    const name = `${service}>${target}`;
    const through = async (one: string) => {
      const parsed = new URL(one);
      const link = await openLink(parsed.hostname, Number(parsed.port));
      links.set(name, [...(links.get(name) ?? []), link]);
      parsed.hostname = '127.0.0.1';
      parsed.port = String(link.port);
      return parsed.href.replace(/\/$/, '');
    };
    // A cluster has several servers: each is a way of its own.
    return (await Promise.all(url.split(',').map(through))).join(',');
  };
  return {
    route,
    /** @throws {Error} when there is no link of this name */
    become(name: string, condition: Condition) {
      const its = links.get(name);
      if (!its) throw new Error(`there is no link ${name}`);
      for (const link of its) link.become(condition);
    },
    close() {
      for (const link of [...links.values()].flat()) link.close();
    },
  };
}

/**
 * How a link is:
 * - `clear`: as it should be;
 * - `slow`: every byte takes `ms` longer, in order;
 * - `stalled`: nothing gets through until it is clear again, and nothing is lost;
 * - `half-open`: nothing gets through and nobody is told; connections of that time break when it is over;
 * - `cut`: every connection is reset, and every new one too.
 */
export type Condition =
  | { readonly is: 'clear' | 'stalled' | 'half-open' | 'cut' }
  | { readonly is: 'slow'; readonly ms: number };

type Link = Awaited<ReturnType<typeof openLink>>;

/** Bytes of a slow link that are held back for each connection: with more it is read no more. */
const mostHeld = 8 * 1024 * 1024;

/** Opens a port of its own that leads to `host:port`: a way which can be as bad as a network. */
export async function openLink(host: string, port: number) {
  let condition: Condition = { is: 'clear' };
  const pairs = new Set<ReturnType<typeof joinSockets>>();
  const server = createServer({ noDelay: true }, (near) => {
    if (condition.is === 'cut') {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ host, port, noDelay: true });
    const pair = joinSockets(near, far, () => condition);
    pairs.add(pair);
    pair.whenOver(() => pairs.delete(pair));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    become(next: Condition) {
      const broke = condition.is === 'half-open' || next.is === 'cut';
      condition = next;
      for (const pair of pairs) if (broke) pair.reset();
      for (const pair of pairs) pair.flush();
    },
    close() {
      for (const pair of pairs) pair.reset();
      server.close();
    },
  };
}

function joinSockets(near: Socket, far: Socket, condition: () => Condition) {
  const ways = [oneWay(near, far, condition), oneWay(far, near, condition)];
  const ended: Array<() => void> = [];
  const reset = () => {
    for (const socket of [near, far]) if (!socket.destroyed) socket.resetAndDestroy();
  };
  for (const socket of [near, far]) {
    socket.on('error', reset);
    socket.once('close', () => {
      for (const then of ended.splice(0)) then();
    });
  }
  return {
    reset,
    /** Lets go what a better condition lets through. */
    flush: () => ways.forEach((way) => way()),
    whenOver: (then: () => void) => void ended.push(then),
  };
}

/** Carries what one socket says to the other. Returns the way to let go what is held back. */
function oneWay(from: Socket, to: Socket, condition: () => Condition): () => void {
  const held: Array<{ readonly bytes: Buffer | 'end'; readonly due: number }> = [];
  let size = 0;
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    while (condition().is !== 'stalled' && condition().is !== 'half-open') {
      const [first] = held;
      if (!first) break;
      const wait = condition().is === 'slow' ? first.due - performance.now() : 0;
      if (wait > 0) {
        timer = setTimeout(flush, wait);
        break;
      }
      held.shift();
      if (first.bytes === 'end') to.end();
      else {
        size -= first.bytes.length;
        to.write(first.bytes);
      }
    }
    if (size < mostHeld) from.resume();
  };
  const take = (bytes: Buffer | 'end') => {
    const now = condition();
    held.push({ bytes, due: performance.now() + (now.is === 'slow' ? now.ms : 0) });
    if (bytes !== 'end') size += bytes.length;
    if (size >= mostHeld) from.pause();
    flush();
  };
  from.on('data', take);
  from.on('end', () => take('end'));
  from.once('close', () => clearTimeout(timer));
  return flush;
}
