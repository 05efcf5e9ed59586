import { meter } from '@paceline/shared/telemetry';
import type { Feed, FeedLine } from './feed.ts';
import { sseEvent, sseHeartbeat, sseOpening, type StreamType } from './view.ts';

export interface ViewerOptions {
  readonly after: number | undefined;
  readonly types: ReadonlySet<StreamType> | undefined;
  readonly stopping: AbortSignal;
  /** Real ms: the longest silence of the API, and of a viewer that reads nothing. */
  readonly heartbeatMs?: number;
  readonly stalledMs?: number;
}

/** Why a stream ends, as its last event says; a client that connects again goes on behind its last id. */
type Closing = 'shutting_down' | 'too_slow' | 'broker_away';
type Words = { readonly text: string; readonly closing?: Closing };

const viewers = meter().createUpDownCounter('paceline.stream.viewers', {
  unit: '{viewer}',
  description: 'Who watches the stream now',
});
viewers.add(0);

const retryMs = 1_000;
const linesAtOnce = 100;
const encoder = new TextEncoder();

function readerOf(feed: Feed, options: ViewerOptions, gone: AbortSignal) {
  const { types, stopping, heartbeatMs = 15_000 } = options;
  const over = AbortSignal.any([gone, stopping]);
  let position = options.after ?? feed.ring()?.last ?? 0;
  let catchingUp = options.after !== undefined;

  const written = (lines: readonly FeedLine[]) =>
    lines.map(({ type, text }) => (type && (!types || types.has(type)) ? text : '')).join('');

  /** The viewer has heard more than this process, from another one: it waits. Or sequences started over. */
  async function ahead(last: number, ms: number): Promise<string> {
    if ((await feed.range()).last >= position) {
      await feed.news(last, ms, over);
      return '';
    }
    position = last;
    return sseEvent('gap', { from: null, to: null }, last);
  }

  async function older(lastOlder: number): Promise<string> {
    const { first } = await feed.range();
    const missing = first > position + 1 ? { from: position + 1, to: first - 1 } : undefined;
    if (missing) position = missing.to;
    const to = Math.min(position + linesAtOnce, lastOlder);
    const lines = position < to ? await feed.read(position + 1, to) : [];
    const gap = missing ? sseEvent('gap', missing, missing.to) : '';
    position = Math.max(position, to);
    return gap + written(lines);
  }

  return {
    opening: () => ({ text: sseOpening(retryMs, position) }),
    async next(sentAt: number): Promise<Words> {
      for (;;) {
        const ring = feed.ring();
        if (stopping.aborted) return { text: '', closing: 'shutting_down' };
        if (!ring) return { text: '', closing: 'broker_away' };
        const patienceMs = heartbeatMs - (performance.now() - sentAt);
        if (patienceMs <= 0) return { text: sseHeartbeat(position) };
        let text: string | undefined;
        if (position > ring.last) {
          text = await ahead(ring.last, patienceMs).catch(() => undefined);
        } else if (position + 1 < ring.first) {
          if (!catchingUp) return { text: '', closing: 'too_slow' };
          text = await older(ring.first - 1).catch(() => undefined);
        } else {
          catchingUp = false;
          const lines = ring.behind(position, linesAtOnce);
          position = lines.at(-1)?.sequence ?? position;
          text = written(lines);
          if (lines.length === 0) await feed.news(position, patienceMs, over);
        }
        if (text === undefined) return { text: '', closing: 'broker_away' };
        if (text !== '' || gone.aborted) return { text };
      }
    },
  };
}

/** The stream of one viewer. It pulls, so a slow client costs no memory; one that falls behind is cut. */
export function viewerStream(feed: Feed, options: ViewerOptions): ReadableStream<Uint8Array> {
  const { stopping, stalledMs = 60_000 } = options;
  const gone = new AbortController();
  const reader = readerOf(feed, options, gone.signal);
  let sentAt = performance.now();
  let opened = false;
  let stalled: NodeJS.Timeout | undefined;
  const end = () => {
    clearTimeout(stalled);
    gone.abort();
  };

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        viewers.add(1);
        gone.signal.addEventListener('abort', () => viewers.add(-1), { once: true });
        const cutLater = () => {
          const cut = setTimeout(() => {
            if (!gone.signal.aborted) controller.error(new Error('the API shuts down'));
            end();
          }, 1_000);
          cut.unref();
          gone.signal.addEventListener('abort', () => clearTimeout(cut), { once: true });
        };
        if (stopping.aborted) cutLater();
        else stopping.addEventListener('abort', cutLater, { once: true, signal: gone.signal });
      },
      async pull(controller) {
        clearTimeout(stalled);
        const { text, closing }: Words = opened ? await reader.next(sentAt) : reader.opening();
        opened = true;
        if (gone.signal.aborted) return;
        sentAt = performance.now();
        controller.enqueue(encoder.encode(closing ? sseEvent('closing', { reason: closing }) : text));
        if (closing) {
          controller.close();
          end();
          return;
        }
        stalled = setTimeout(() => {
          controller.error(new Error('nobody reads this stream'));
          end();
        }, stalledMs);
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}
