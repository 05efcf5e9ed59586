import { createParser } from 'eventsource-parser';
import type { Command, StreamEvents } from './generated.ts';
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
  /** Ends the stream. */
  readonly signal?: AbortSignal | undefined;
}

const neverAborted = new AbortController().signal;

/** Real ms without data after which a connection counts as lost; the API sends a heartbeat every 15 s. */
const silenceLimitMs = 40_000;
const reconnectDelayMs = 1_000;

interface ReceivedEvent {
  readonly type: string | undefined;
  readonly id: string | undefined;
  readonly data: unknown;
}

/** One connection. @param onId receives each id, also of filtered events @throws {ApiProblem | Unreachable} */
async function openEvents(
  api: Api,
  path: string,
  lastId: string | undefined,
  signal: AbortSignal,
  onId: (id: string) => void,
): Promise<AsyncGenerator<ReceivedEvent, void>> {
  const silence = new AbortController();
  const startTimer = () => setTimeout(() => silence.abort(), silenceLimitMs);
  let silenceTimer = startTimer();
  const headers: Record<string, string> = lastId === undefined ? {} : { 'last-event-id': lastId };
  try {
    const body = await api.open(path, headers, AbortSignal.any([signal, silence.signal]));
    return events(body.getReader());
  } catch (error) {
    clearTimeout(silenceTimer);
    throw error;
  }

  // Uses the reader, because not every browser can iterate over a stream.
  async function* events(reader: ReadableStreamDefaultReader<string>): AsyncGenerator<ReceivedEvent, void> {
    const received: ReceivedEvent[] = [];
    const parser = createParser({
      onId,
      onEvent: ({ event: type, id, data }) => received.push({ type, id, data: JSON.parse(data) as unknown }),
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

/** One connection. @param onId receives each id, also of filtered events @throws {ApiProblem | Unreachable} */
export async function openStream(
  api: Api,
  { types, after, signal = neverAborted }: StreamOptions = {},
  onId: (id: number) => void = () => undefined,
): Promise<AsyncGenerator<StreamEvent, void>> {
  const query = types === undefined ? '' : `?types=${encodeURIComponent(types.join(','))}`;
  const lastId = after === undefined ? undefined : String(after);
  const received = await openEvents(api, `/v1/stream${query}`, lastId, signal, (id) => onId(Number(id)));
  return typed(received);
}

async function* typed(received: AsyncGenerator<ReceivedEvent, void>): AsyncGenerator<StreamEvent, void> {
  for await (const { type, id, data } of received)
    yield { type, id: id === undefined ? undefined : Number(id), data } as StreamEvent;
}

/** What a reader of a stream can show while it is interrupted. */
export interface ConnectionWatcher {
  onConnect?(): void;
  onDisconnect?(reason: string): void;
}

/** The events of one connection after the other. @param connected false: the first connection must succeed */
async function* reconnecting<Event>(
  open: () => Promise<AsyncGenerator<Event, void>>,
  signal: AbortSignal,
  watcher: ConnectionWatcher,
  connected = false,
): AsyncGenerator<Event, void> {
  while (!signal.aborted) {
    try {
      const events = await open();
      connected = true;
      watcher.onConnect?.();
      yield* events;
      watcher.onDisconnect?.('The API closed the stream');
    } catch (error) {
      signal.throwIfAborted();
      // A body that breaks off is a plain error, and temporary as well.
      if (!connected || isPermanent(error)) throw error;
      watcher.onDisconnect?.('Connection to the API lost');
    }
    await pause(reconnectDelayMs, signal);
  }
  signal.throwIfAborted();
}

/** Each event once, reconnecting when needed. @throws when the first connection fails */
export async function* follow(
  api: Api,
  options: StreamOptions = {},
  watcher: ConnectionWatcher = {},
): AsyncGenerator<StreamEvent, void> {
  const { signal = neverAborted } = options;
  let { after } = options;
  const open = () => openStream(api, { ...options, after }, (id) => (after = id));
  for await (const event of reconnecting(open, signal, watcher)) if (event.type !== 'closing') yield event;
}

/** A command and its changes, connecting again when needed; ends with its final state. @throws {ApiProblem} when the API refuses for good */
export async function* followCommand(
  api: Api,
  commandId: string,
  { signal = neverAborted }: Pick<StreamOptions, 'signal'> = {},
  watcher: ConnectionWatcher = {},
): AsyncGenerator<Command, void> {
  const path = `/v1/commands/${encodeURIComponent(commandId)}/stream`;
  let lastId: string | undefined;
  const open = () => openEvents(api, path, lastId, signal, (id) => (lastId = id || undefined));
  for await (const { type, data } of reconnecting(open, signal, watcher, true)) {
    if (type !== 'command') continue;
    const command = data as Command;
    yield command;
    if (command.finishedAt !== null) return;
  }
}
