import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { ServiceRoute } from '@paceline/launcher';

/** Links of every process to its servers, by names like `rider-sync>broker`. */
export function createLinks() {
  const links = new Map<string, Link[]>();
  const route: ServiceRoute = async (service, target, url) => {
    const name = `${service}>${target}`;
    const linked = async (serverUrl: string) => {
      const parsed = new URL(serverUrl);
      const link = await openLink(parsed.hostname, Number(parsed.port));
      links.set(name, [...(links.get(name) ?? []), link]);
      parsed.hostname = '127.0.0.1';
      parsed.port = String(link.port);
      return parsed.href.replace(/\/$/, '');
    };
    // Each server of a cluster gets its own link.
    return (await Promise.all(url.split(',').map(linked))).join(',');
  };
  return {
    route,
    /** @throws {Error} when there is no link of this name */
    set(name: string, condition: Condition) {
      const named = links.get(name);
      if (!named) throw new Error(`no link ${name}`);
      for (const link of named) link.set(condition);
    },
    close() {
      for (const link of [...links.values()].flat()) link.close();
    },
  };
}

/**
 * - `clear`: works normally;
 * - `slow`: data takes `ms` longer, in order;
 * - `stalled`: data is held back until the link is clear again;
 * - `half-open`: data is dropped silently, and connections are reset when the link is clear again;
 * - `cut`: existing and new connections are reset.
 */
export type Condition =
  | { readonly state: 'clear' | 'stalled' | 'half-open' | 'cut' }
  | { readonly state: 'slow'; readonly ms: number };

type Link = Awaited<ReturnType<typeof openLink>>;

/** Bytes held back per connection before reading stops. */
const maxHeld = 8 * 1024 * 1024;

/** Opens a local port that forwards to `host:port` under a changeable condition. */
export async function openLink(host: string, port: number) {
  let condition: Condition = { state: 'clear' };
  const pairs = new Set<ReturnType<typeof joinSockets>>();
  const server = createServer({ noDelay: true }, (near) => {
    if (condition.state === 'cut') {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ host, port, noDelay: true });
    const pair = joinSockets(near, far, () => condition);
    pairs.add(pair);
    pair.onClose(() => pairs.delete(pair));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    set(next: Condition) {
      const broke = condition.state === 'half-open' || next.state === 'cut';
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
  const directions = [oneWay(near, far, condition), oneWay(far, near, condition)];
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
    /** Sends held data that the condition now allows. */
    flush: () => directions.forEach((flush) => flush()),
    onClose: (then: () => void) => void ended.push(then),
  };
}

/** Forwards data in one direction. @returns a function that sends held data */
function oneWay(from: Socket, to: Socket, condition: () => Condition): () => void {
  const held: Array<{ readonly bytes: Buffer | 'end'; readonly due: number }> = [];
  let size = 0;
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    while (condition().state !== 'stalled' && condition().state !== 'half-open') {
      const [first] = held;
      if (!first) break;
      const wait = condition().state === 'slow' ? first.due - performance.now() : 0;
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
    if (size < maxHeld) from.resume();
  };
  const take = (bytes: Buffer | 'end') => {
    const now = condition();
    held.push({ bytes, due: performance.now() + (now.state === 'slow' ? now.ms : 0) });
    if (bytes !== 'end') size += bytes.length;
    if (size >= maxHeld) from.pause();
    flush();
  };
  from.on('data', take);
  from.on('end', () => take('end'));
  from.once('close', () => clearTimeout(timer));
  return flush;
}
