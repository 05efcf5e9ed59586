import { createParser } from 'eventsource-parser';
import type { StreamEvents } from './generated.ts';
import { type Api, ApiProblem, isTemporary } from './api.ts';

export type StreamType = keyof StreamEvents;

interface StreamData extends StreamEvents {
  /** Some of what happened is not kept any more: from and to which id, null when that is not known. */
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
  /** The id to begin behind; without it, what happens from now on. */
  readonly after?: number | undefined;
  readonly signal: AbortSignal;
}

/** Real ms. The API says something every 15 seconds, if only that it is there. */
const silentMs = 40_000;
const againAfterMs = 1_000;

/** One connection. @param onId takes each id, also of events left out @throws {ApiProblem | Unreachable} */
export async function openStream(
  api: Api,
  { types, after, signal }: StreamOptions,
  onId: (id: number) => void = () => undefined,
): Promise<AsyncGenerator<StreamEvent, void>> {
  const silence = new AbortController();
  const listen = () => setTimeout(() => silence.abort(), silentMs);
  let alarm = listen();
  const query = types === undefined ? '' : `?types=${encodeURIComponent(types.join(','))}`;
  const headers: Record<string, string> = after === undefined ? {} : { 'last-event-id': String(after) };
  try {
    const body = await api.open(`/v1/stream${query}`, headers, AbortSignal.any([signal, silence.signal]));
    return events(body.getReader());
  } catch (error) {
    clearTimeout(alarm);
    throw error;
  }

  // By its reader: not every browser iterates over a stream.
  async function* events(pieces: ReadableStreamDefaultReader<string>): AsyncGenerator<StreamEvent, void> {
    const heard: StreamEvent[] = [];
    const parser = createParser({
      onId: (id) => onId(Number(id)),
      onEvent: ({ event, id, data }) =>
        heard.push({
          type: event,
          id: id === undefined ? undefined : Number(id),
          data: JSON.parse(data),
        } as StreamEvent),
    });
    try {
      for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
        clearTimeout(alarm);
        alarm = listen();
        parser.feed(piece.value);
        yield* heard.splice(0);
      }
    } finally {
      clearTimeout(alarm);
      await pieces.cancel().catch(() => undefined);
    }
  }
}

/** Each event once, across lost connections. @throws what keeps the first connection from being made */
export async function* follow(
  api: Api,
  options: StreamOptions,
  onBroken: (why: string) => void = () => undefined,
): AsyncGenerator<StreamEvent, void> {
  const { signal } = options;
  let { after } = options;
  let connected = false;
  while (!signal.aborted) {
    try {
      const events = await openStream(api, { ...options, after }, (id) => (after = id));
      connected = true;
      for await (const event of events) if (event.type !== 'closing') yield event;
      onBroken('The API has ended the stream');
    } catch (error) {
      signal.throwIfAborted();
      // A body that breaks off is an error of its own kind, and passes as well.
      if (!connected || (error instanceof ApiProblem && !isTemporary(error))) throw error;
      onBroken('The connection to the API is lost');
    }
    await pause(againAfterMs, signal);
  }
  signal.throwIfAborted();
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = () => resolve();
  signal.addEventListener('abort', stop);
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  });
}
