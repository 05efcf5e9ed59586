import { createParser } from 'eventsource-parser';
import type { StreamEvents } from './generated.ts';
import { type Api, isPermanent } from './api.ts';
import { pause } from './retry.ts';

export type StreamType = keyof StreamEvents;

interface StreamData extends StreamEvents {
  /** Events that are no longer stored, by first and last id; null when unknown. */
  gap: { from: number | null; to: number | null };
  closing: { reason: string };
}

export type StreamEvent = {
  [T in keyof StreamData]: {
    readonly type: T;
    readonly id: number | undefined;
    readonly data: StreamData[T];
  };
}[keyof StreamData];

export interface StreamOptions {
  readonly types?: readonly string[] | undefined;
  /** Continue after this id; default: new events only. */
  readonly after?: number | undefined;
  readonly signal: AbortSignal;
}

/** Real ms without data after which a connection counts as lost; the API sends a heartbeat every 15 s. */
const silenceLimitMs = 40_000;
const reconnectDelayMs = 1_000;

/** One connection. @param onId receives each id, also of filtered events @throws {ApiProblem | Unreachable} */
export async function openStream(
  api: Api,
  { types, after, signal }: StreamOptions,
  onId: (id: number) => void = () => undefined,
): Promise<AsyncGenerator<StreamEvent, void>> {
  const silence = new AbortController();
  const startTimer = () => setTimeout(() => silence.abort(), silenceLimitMs);
  let silenceTimer = startTimer();
  const query = types === undefined ? '' : `?types=${encodeURIComponent(types.join(','))}`;
  const headers: Record<string, string> = after === undefined ? {} : { 'last-event-id': String(after) };
  try {
    const body = await api.open(`/v1/stream${query}`, headers, AbortSignal.any([signal, silence.signal]));
    return events(body.getReader());
  } catch (error) {
    clearTimeout(silenceTimer);
    throw error;
  }

  // Uses the reader, because not every browser can iterate over a stream.
  async function* events(reader: ReadableStreamDefaultReader<string>): AsyncGenerator<StreamEvent, void> {
    const received: StreamEvent[] = [];
    const parser = createParser({
      onId: (id) => onId(Number(id)),
      onEvent: ({ event, id, data }) =>
        received.push({
          type: event,
          id: id === undefined ? undefined : Number(id),
          data: JSON.parse(data),
        } as StreamEvent),
    });
    try {
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
        clearTimeout(silenceTimer);
        silenceTimer = startTimer();
        parser.feed(chunk.value);
        yield* received.splice(0);
      }
    } finally {
      clearTimeout(silenceTimer);
      await reader.cancel().catch(() => undefined);
    }
  }
}

/** Each event once, reconnecting when needed. @throws when the first connection fails */
export async function* follow(
  api: Api,
  options: StreamOptions,
  onDisconnect: (reason: string) => void = () => undefined,
): AsyncGenerator<StreamEvent, void> {
  const { signal } = options;
  let { after } = options;
  let connected = false;
  while (!signal.aborted) {
    try {
      const events = await openStream(api, { ...options, after }, (id) => (after = id));
      connected = true;
      for await (const event of events) if (event.type !== 'closing') yield event;
      onDisconnect('The API closed the stream');
    } catch (error) {
      signal.throwIfAborted();
      // A body that breaks off is a plain error, and temporary as well.
      if (!connected || isPermanent(error)) throw error;
      onDisconnect('Connection to the API lost');
    }
    await pause(reconnectDelayMs, signal);
  }
  signal.throwIfAborted();
}
