import { setTimeout as pause } from 'node:timers/promises';
import type { StoredEvent, EventStream } from '@paceline/shared/messaging';
import type { Logger } from '@paceline/shared/telemetry';
import { sseEvent, streamEventOf, type StreamType } from './view.ts';

/** The newest things of a sequence. @param last the place behind which the first thing comes @param bound bytes that are kept */
export function createRing<T extends { readonly sequence: number; readonly bytes: number }>(
  last: number,
  bound: number,
) {
  let things: T[] = [];
  let bytes = 0;
  let newest = last;
  const first = () => newest - things.length + 1;
  return {
    get last() {
      return newest;
    },
    /** The first that can be read here; `last + 1` when nothing is kept. */
    get first() {
      return first();
    },
    /** @throws {Error} when it is not the next one */
    push(thing: T): void {
      if (thing.sequence !== newest + 1) throw new Error(`${thing.sequence} does not follow ${newest}`);
      things.push(thing);
      newest = thing.sequence;
      bytes += thing.bytes;
      while (bytes > bound && things.length > 1) bytes -= things.shift()?.bytes ?? 0;
    },
    restart(after: number): void {
      things = [];
      bytes = 0;
      newest = after;
    },
    behind(sequence: number, limit: number): T[] {
      const from = Math.max(0, sequence + 1 - first());
      return things.slice(from, from + limit);
    },
  };
}

export interface FeedLine {
  readonly sequence: number;
  /** How much it weighs against the ring's bound. */
  readonly bytes: number;
  readonly type: StreamType | undefined;
  readonly text: string;
}

/** Bytes of what is kept in memory; what is older is read from the broker. */
const ringBytes = 2 * 1_048_576;
/** Real ms. */
const pauseMs = 500;

/** Follows the events until `stopping` aborts, also through restarts of the broker. @param bound bytes of the ring */
export function startFeed(
  connected: Promise<EventStream>,
  account: string,
  log: Logger,
  stopping: AbortSignal,
  bound = ringBytes,
) {
  let ring: ReturnType<typeof createRing<FeedLine>> | undefined;
  const waiting = new Set<() => void>();

  function push(event: StoredEvent): void {
    if (!ring || event.sequence <= ring.last) return;
    // Viewers from behind a hole read on from the broker.
    if (event.sequence !== ring.last + 1) ring.restart(event.sequence - 1);
    ring.push(lineOf(event, account));
    for (const wake of waiting) wake();
  }

  async function follow(): Promise<void> {
    const stream = await connected;
    while (!stopping.aborted) {
      try {
        const { last } = await stream.range();
        ring ??= createRing(last, bound);
        // The broker has lost its disk: its sequences start over.
        if (last < ring.last) ring.restart(last);
        await stream.follow(ring.last, push, stopping);
      } catch (error) {
        log.warn({ err: error }, 'the stream of events broke off, following it again');
        await pause(pauseMs);
      }
    }
  }
  // The service itself waits for the connection, and reports its failure.
  void follow().catch(() => undefined);

  return {
    ring: () => ring,
    /** Waits for something behind `sequence`, `ms` (real) at most; whether there is. */
    news: (sequence: number, ms: number, signal: AbortSignal) =>
      wokenBy(waiting, () => ring !== undefined && ring.last !== sequence, ms, signal),
    /** The sequences that the broker keeps. */
    range: async () => (await connected).range(),
    async read(from: number, to: number): Promise<FeedLine[]> {
      const found = await (await connected).read(from, to);
      return found.map((event) => lineOf(event, account));
    },
  };
}

export type Feed = ReturnType<typeof startFeed>;

/** Waits until one of the calls that `wakes` gets finds that it is so, `ms` (real) at most; whether it is so. */
const wokenBy = (
  wakes: Set<() => void>,
  isSo: () => boolean,
  ms: number,
  signal: AbortSignal,
): Promise<boolean> =>
  new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      wakes.delete(wake);
      signal.removeEventListener('abort', end);
      resolve(isSo());
    };
    const wake = () => {
      if (isSo()) end();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
    wakes.add(wake);
    if (signal.aborted || isSo()) end();
  });

function lineOf({ sequence, event }: StoredEvent, account: string): FeedLine {
  const shown = event && streamEventOf(event, account);
  const text = shown ? inOnePiece(sseEvent(shown.type, shown.data, sequence)) : '';
  // What is not shown takes up some memory as well.
  return { sequence, type: shown?.type, text, bytes: text.length + 64 };
}

/** A text that was put together keeps what it was put together of, twice its size; one that is read from bytes does not. */
const inOnePiece = (text: string): string => Buffer.from(text).toString();
