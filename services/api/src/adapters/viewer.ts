import { meter } from '@paceline/shared/telemetry';
import { sseEvent, sseHeartbeat, sseOpening } from '../core/sse.ts';
import type { StreamType } from '../core/told.ts';
import type { Feed, Line } from './feed.ts';

export interface ViewerOptions {
  /** The place behind which the viewer goes on; undefined: with what comes now. */
  readonly after: number | undefined;
  /** Undefined: everything. */
  readonly types: ReadonlySet<StreamType> | undefined;
  /** Aborts when the API shuts down. */
  readonly stopping: AbortSignal;
  /** Real ms: how long nothing is said at the most, and how long somebody may read nothing. */
  readonly heartbeatMs?: number;
  readonly stalledMs?: number;
}

/** Why a stream ends, as its last event says; whoever connects again goes on behind its last id. */
type Closing = 'shutting_down' | 'too_slow' | 'broker_away';

const viewers = meter().createUpDownCounter('paceline.stream.viewers', {
  unit: '{viewer}',
  description: 'Who watches the stream now',
});
viewers.add(0);

const retryMs = 1_000;
const atOnce = 100;
const encoder = new TextEncoder();

/**
 * The stream of one viewer. It takes from the feed only what its reader has room for, so a slow one costs no memory:
 * one that falls out of the ring is told so and cut, one that reads nothing at all is cut.
 */
export function viewerStream(feed: Feed, options: ViewerOptions): ReadableStream<Uint8Array> {
  const { types, stopping, heartbeatMs = 15_000, stalledMs = 60_000 } = options;
  const gone = new AbortController();
  const over = AbortSignal.any([gone.signal, stopping]);
  let position = options.after ?? feed.ring()?.last ?? 0;
  let catchingUp = options.after !== undefined;
  let saidAt = performance.now();
  let opened = false;
  let stalled: NodeJS.Timeout | undefined;

  const written = (lines: readonly Line[]) =>
    lines.map(({ type, text }) => (type && (!types || types.has(type)) ? text : '')).join('');

  /** What comes next, as soon as there is something to say. */
  async function next(): Promise<{ text: string; closing?: Closing }> {
    for (;;) {
      const ring = feed.ring();
      if (stopping.aborted) return { text: '', closing: 'shutting_down' };
      if (!ring) return { text: '', closing: 'broker_away' };
      const silentMs = performance.now() - saidAt;
      if (silentMs >= heartbeatMs) return { text: sseHeartbeat(position) };
      let text: string | undefined;
      if (position > ring.last) {
        text = await ahead(ring.last, heartbeatMs - silentMs).catch(() => undefined);
      } else if (position + 1 < ring.first) {
        if (!catchingUp) return { text: '', closing: 'too_slow' };
        text = await older(ring.first - 1).catch(() => undefined);
      } else {
        catchingUp = false;
        const lines = ring.behind(position, atOnce);
        position = lines.at(-1)?.sequence ?? position;
        text = written(lines);
        if (lines.length === 0) await feed.news(position, heartbeatMs - silentMs, over);
      }
      if (text === undefined) return { text: '', closing: 'broker_away' };
      if (text !== '') return { text };
      if (gone.signal.aborted) return { text: '' };
    }
  }

  /** The viewer has heard more than this process, from another one: it waits. Or sequences began anew. */
  async function ahead(last: number, ms: number): Promise<string> {
    if ((await feed.range()).last >= position) {
      await feed.news(last, ms, over);
      return '';
    }
    position = last;
    return sseEvent('gap', { from: null, to: null }, last);
  }

  /** The next few of those that the ring has no more. */
  async function older(lastOlder: number): Promise<string> {
    const { first } = await feed.range();
    const missing = first > position + 1 ? { from: position + 1, to: first - 1 } : undefined;
    if (missing) position = missing.to;
    const to = Math.min(position + atOnce, lastOlder);
    const lines = position < to ? await feed.read(position + 1, to) : [];
    const gap = missing ? sseEvent('gap', missing, missing.to) : '';
    position = Math.max(position, to);
    return gap + written(lines);
  }

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
        const { text, closing } = opened ? await next() : { text: sseOpening(retryMs, position) };
        opened = true;
        if (gone.signal.aborted) return;
        saidAt = performance.now();
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
