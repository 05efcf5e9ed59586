import { setTimeout as pause } from 'node:timers/promises';
import type { StoredEvent, EventStream } from '@paceline/shared/messaging';
import { type Logger, repeatedFailure } from '@paceline/shared/telemetry';
import type { FindUpstream } from '../budgets/accounts.ts';
import { sseEvent, streamEventOf, type StreamType } from './view.ts';

/** Keeps the newest items of a sequence. @param last sequence before the first item @param maxBytes to keep */
export function createRing<T extends { readonly sequence: number; readonly bytes: number }>(
  last: number,
  maxBytes: number,
) {
  let items: T[] = [];
  let bytes = 0;
  let newest = last;
  const first = () => newest - items.length + 1;
  return {
    get last() {
      return newest;
    },
    /** The oldest kept sequence; `last + 1` when empty. */
    get first() {
      return first();
    },
    /** @throws {Error} when the sequence has a gap */
    push(item: T): void {
      if (item.sequence !== newest + 1) throw new Error(`${item.sequence} does not follow ${newest}`);
      items.push(item);
      newest = item.sequence;
      bytes += item.bytes;
      while (bytes > maxBytes && items.length > 1) bytes -= items.shift()?.bytes ?? 0;
    },
    restart(after: number): void {
      items = [];
      bytes = 0;
      newest = after;
    },
    after(sequence: number, limit: number): T[] {
      const from = Math.max(0, sequence + 1 - first());
      return items.slice(from, from + limit);
    },
  };
}

export interface FeedEntry {
  readonly sequence: number;
  /** Its share of the ring's memory limit. */
  readonly bytes: number;
  readonly type: StreamType | undefined;
  readonly text: string;
}

/** Memory for recent events; older ones are read from the broker. */
const ringBytes = 2 * 1_048_576;
/** Real ms before the next attempt. */
const retryDelayMs = 500;

/** Follows the event stream until `stopping` aborts, across broker restarts. @param maxBytes of the ring */
export function startFeed(
  connected: Promise<EventStream>,
  findUpstream: FindUpstream,
  log: Logger,
  stopping: AbortSignal,
  maxBytes = ringBytes,
) {
  let ring: ReturnType<typeof createRing<FeedEntry>> | undefined;
  const waiting = new Set<() => void>();

  function push(event: StoredEvent): void {
    if (!ring || event.sequence <= ring.last) return;
    // After a gap in the ring, viewers read the missing events from the broker.
    if (event.sequence !== ring.last + 1) ring.restart(event.sequence - 1);
    ring.push(entryOf(event, findUpstream));
    for (const wake of waiting) wake();
  }

  const failures = repeatedFailure((err) => log.warn({ err }, 'event stream interrupted, reconnecting'));

  async function follow(): Promise<void> {
    const stream = await connected;
    while (!stopping.aborted) {
      try {
        const { last } = await stream.range();
        failures.succeeded();
        ring ??= createRing(last, maxBytes);
        // The broker has lost its disk, so its sequences have restarted.
        if (last < ring.last) ring.restart(last);
        await stream.follow(ring.last, push, stopping);
      } catch (error) {
        failures.failed(error);
        await pause(retryDelayMs);
      }
    }
  }
  // startApi waits for the same connection and reports its failure.
  void follow().catch(() => undefined);

  return {
    ring: () => ring,
    /** Waits up to `ms` (real) for an event after `sequence`. Returns whether there is one. */
    waitForMore: (sequence: number, ms: number, signal: AbortSignal) =>
      waitUntil(waiting, () => ring !== undefined && ring.last !== sequence, ms, signal),
    /** The sequences that the broker still has. */
    range: async () => (await connected).range(),
    async read(from: number, to: number): Promise<FeedEntry[]> {
      const found = await (await connected).read(from, to);
      return found.map((event) => entryOf(event, findUpstream));
    },
  };
}

export type Feed = ReturnType<typeof startFeed>;

/** Waits up to `ms` (real) for `condition`, checking it on each call of the function added to `wakes`. Returns its value. */
const waitUntil = (
  wakes: Set<() => void>,
  condition: () => boolean,
  ms: number,
  signal: AbortSignal,
): Promise<boolean> =>
  new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      wakes.delete(wake);
      signal.removeEventListener('abort', end);
      resolve(condition());
    };
    const wake = () => {
      if (condition()) end();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
    wakes.add(wake);
    if (signal.aborted || condition()) end();
  });

/** Written once a viewer needs it. */
function entryOf(stored: StoredEvent, findUpstream: FindUpstream): FeedEntry {
  let written: Pick<FeedEntry, 'type' | 'text'> | undefined;
  const write = () => {
    const event = stored.read();
    const streamed = event && streamEventOf(event, findUpstream);
    const text = streamed ? flatten(sseEvent(streamed.type, streamed.data, stored.sequence)) : '';
    return { type: streamed?.type, text };
  };
  return {
    sequence: stored.sequence,
    // The payload, the text that is made of it, and the rest.
    bytes: 2 * stored.bytes + 256,
    get type() {
      return (written ??= write()).type;
    },
    get text() {
      return (written ??= write()).text;
    },
  };
}

/** V8 keeps a concatenated string together with its parts, at twice the size. Decoding it from bytes avoids that. */
const flatten = (text: string): string => Buffer.from(text).toString();
