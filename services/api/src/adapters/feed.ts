import type { EventAt, EventRange, EventStream } from '@paceline/shared/messaging';
import type { Logger } from '@paceline/shared/telemetry';
import { createRing, type Placed, type Ring } from '../core/ring.ts';
import { sseEvent } from '../core/sse.ts';
import { shownAs, type StreamType } from '../core/told.ts';

/** Something that was told, written once for all who watch; without a type it is nothing that is shown here. */
export interface Line extends Placed {
  readonly type: StreamType | undefined;
  readonly text: string;
}

/** What is told, for any number of viewers: one consumer of the broker's and one ring in memory. */
export interface Feed {
  /** The newest of it; undefined before the broker was reached. */
  ring(): Ring<Line> | undefined;
  /** Waits until there is something behind `sequence`, `ms` (real) at the most; whether there is. */
  news(sequence: number, ms: number, signal: AbortSignal): Promise<boolean>;
  /** What the ring no longer has, from the broker: which sequences it keeps, and those from `from` to `to`. */
  range(): Promise<EventRange>;
  read(from: number, to: number): Promise<Line[]>;
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
): Feed {
  let ring: Ring<Line> | undefined;
  const waiting = new Set<() => void>();

  function hear(told: EventAt): void {
    if (!ring || told.sequence <= ring.last) return;
    // Whoever was behind a hole reads on from the broker.
    if (told.sequence !== ring.last + 1) ring.restart(told.sequence - 1);
    ring.push(lineOf(told, account));
    for (const wake of waiting) wake();
  }

  async function follow(): Promise<void> {
    const stream = await connected;
    while (!stopping.aborted) {
      try {
        const { last } = await stream.range();
        ring ??= createRing(last, bound);
        // The broker has lost its disk: its sequences begin anew.
        if (last < ring.last) ring.restart(last);
        await stream.follow(ring.last, hear, stopping);
      } catch (error) {
        log.warn({ err: error }, 'the stream of events broke off, following it again');
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }
  // The connection's own failure is told by whoever waits for it.
  void follow().catch(() => undefined);

  return {
    ring: () => ring,
    news: (sequence, ms, signal) =>
      new Promise((resolve) => {
        const isThere = () => ring !== undefined && ring.last !== sequence;
        const end = () => {
          clearTimeout(timer);
          waiting.delete(wake);
          signal.removeEventListener('abort', end);
          resolve(isThere());
        };
        const wake = () => {
          if (isThere()) end();
        };
        const timer = setTimeout(end, ms);
        signal.addEventListener('abort', end, { once: true });
        waiting.add(wake);
        if (signal.aborted || isThere()) end();
      }),
    range: async () => (await connected).range(),
    async read(from, to) {
      const found = await (await connected).read(from, to);
      return found.map((told) => lineOf(told, account));
    },
  };
}

function lineOf({ sequence, event }: EventAt, account: string): Line {
  const shown = event && shownAs(event, account);
  const text = shown ? inOnePiece(sseEvent(shown.type, shown.data, sequence)) : '';
  // What is not shown takes up some memory as well.
  return { sequence, type: shown?.type, text, bytes: text.length + 64 };
}

/** A text that was put together keeps what it was put together of, twice its size; one that is read from bytes does not. */
const inOnePiece = (text: string): string => Buffer.from(text).toString();
