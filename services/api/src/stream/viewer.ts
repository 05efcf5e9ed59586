import { meter } from '@paceline/shared/telemetry';
import type { Feed, FeedEntry } from './feed.ts';
import { sseEvent, sseHeartbeat, sseOpening, type StreamType } from './view.ts';

export interface ViewerOptions {
  readonly after: number | undefined;
  readonly types: ReadonlySet<StreamType> | undefined;
  readonly stopping: AbortSignal;
  /** Real ms without an event before a heartbeat. */
  readonly heartbeatMs?: number;
  /** Real ms after which a viewer that reads nothing is disconnected. */
  readonly stalledMs?: number;
}

/** Why a stream ends, sent as its last event. A client that reconnects resumes after its last id. */
type ClosingReason = 'shutting_down' | 'too_slow' | 'broker_away';

export interface Chunk {
  readonly text: string;
  /** The stream ends with it. */
  readonly isLast?: boolean;
}

/** What a viewer receives, one chunk after the other. */
export interface StreamReader {
  opening(): Chunk;
  /** @param sentAt when the last chunk was sent, `performance.now()` */
  next(sentAt: number): Promise<Chunk>;
}

export const closing = (reason: ClosingReason): Chunk => ({
  text: sseEvent('closing', { reason }),
  isLast: true,
});
/** Real ms without an event before a heartbeat. */
export const defaultHeartbeatMs = 15_000;

const openStreams = meter().createUpDownCounter('paceline.stream.viewers', {
  unit: '{viewer}',
  description: 'Open event streams',
});
openStreams.add(0);

export const retryMs = 1_000;
const batchSize = 100;
const encoder = new TextEncoder();

function feedReader(feed: Feed, options: ViewerOptions, disconnected: AbortSignal): StreamReader {
  const { types, stopping, heartbeatMs = defaultHeartbeatMs } = options;
  const ended = AbortSignal.any([disconnected, stopping]);
  let position = options.after ?? feed.ring()?.last ?? 0;
  let catchingUp = options.after !== undefined;

  const textOf = (entries: readonly FeedEntry[]) =>
    entries.map(({ type, text }) => (type && (!types || types.has(type)) ? text : '')).join('');

  /** The viewer is ahead of this process: another process has sent it more, or the broker's sequences have restarted. */
  async function waitOrReset(last: number, ms: number): Promise<string> {
    if ((await feed.range()).last >= position) {
      await feed.waitForMore(last, ms, ended);
      return '';
    }
    position = last;
    return sseEvent('gap', { from: null, to: null }, last);
  }

  async function readOlder(until: number): Promise<string> {
    const { first } = await feed.range();
    const missing = first > position + 1 ? { from: position + 1, to: first - 1 } : undefined;
    if (missing) position = missing.to;
    const to = Math.min(position + batchSize, until);
    const entries = position < to ? await feed.read(position + 1, to) : [];
    const gap = missing ? sseEvent('gap', missing, missing.to) : '';
    position = Math.max(position, to);
    return gap + textOf(entries);
  }

  return {
    opening: () => ({ text: sseOpening(retryMs, position) }),
    async next(sentAt) {
      for (;;) {
        const ring = feed.ring();
        if (stopping.aborted) return closing('shutting_down');
        if (!ring) return closing('broker_away');
        const remainingMs = heartbeatMs - (performance.now() - sentAt);
        if (remainingMs <= 0) return { text: sseHeartbeat(position) };
        let text: string | undefined;
        if (position > ring.last) {
          text = await waitOrReset(ring.last, remainingMs).catch(() => undefined);
        } else if (position + 1 < ring.first) {
          if (!catchingUp) return closing('too_slow');
          text = await readOlder(ring.first - 1).catch(() => undefined);
        } else {
          catchingUp = false;
          const entries = ring.after(position, batchSize);
          position = entries.at(-1)?.sequence ?? position;
          text = textOf(entries);
          if (entries.length === 0) await feed.waitForMore(position, remainingMs, ended);
        }
        if (text === undefined) return closing('broker_away');
        if (text !== '' || disconnected.aborted) return { text };
      }
    },
  };
}

/** The stream of one viewer of all events. */
export const viewerStream = (feed: Feed, options: ViewerOptions): ReadableStream<Uint8Array> =>
  pulledStream((disconnected) => feedReader(feed, options, disconnected), options);

/** It is pulled, so a slow client uses no memory; one that falls behind is disconnected. */
export function pulledStream(
  start: (disconnected: AbortSignal) => StreamReader,
  { stopping, stalledMs = 60_000 }: Pick<ViewerOptions, 'stopping' | 'stalledMs'>,
): ReadableStream<Uint8Array> {
  const disconnected = new AbortController();
  let reader: StreamReader | undefined;
  let sentAt = performance.now();
  let stalled: NodeJS.Timeout | undefined;
  const end = () => {
    clearTimeout(stalled);
    disconnected.abort();
  };

  /** At the first pull: a response that came too late to be sent is never pulled, nor cancelled. */
  function open(controller: ReadableStreamDefaultController): Chunk {
    openStreams.add(1);
    disconnected.signal.addEventListener('abort', () => openStreams.add(-1), { once: true });
    const closeSoon = () => {
      const timer = setTimeout(() => {
        if (!disconnected.signal.aborted) controller.error(new Error('the API is shutting down'));
        end();
      }, 1_000);
      timer.unref();
      disconnected.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    };
    if (stopping.aborted) closeSoon();
    else stopping.addEventListener('abort', closeSoon, { once: true, signal: disconnected.signal });
    reader = start(disconnected.signal);
    return reader.opening();
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        clearTimeout(stalled);
        const { text, isLast = false } = reader ? await reader.next(sentAt) : open(controller);
        if (disconnected.signal.aborted) return;
        sentAt = performance.now();
        if (text !== '') controller.enqueue(encoder.encode(text));
        if (isLast) {
          controller.close();
          end();
          return;
        }
        stalled = setTimeout(() => {
          controller.error(new Error('the client stopped reading'));
          end();
        }, stalledMs);
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}
