import { eventually } from '@paceline/shared/testing';
import { createParser } from 'eventsource-parser';
import { expect } from 'vitest';

/** An event as received by a client. */
export interface ReceivedEvent {
  readonly type: string;
  readonly id: number | undefined;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any event's fields
  readonly data: any;
}

/** A client of the stream. It reads until it is stopped or the stream ends. */
export interface Viewer {
  readonly events: ReceivedEvent[];
  /** The id to resume after. */
  lastId(): number | undefined;
  /** The same, where ids are not numbers. */
  lastIdText(): string;
  comments(): number;
  readonly ended: Promise<void>;
  stop(): void;
}

/** Opens a stream. Returns once its first bytes have arrived. */
export async function watch(url: string, headers: Record<string, string> = {}): Promise<Viewer> {
  const disconnecting = new AbortController();
  const response = await fetch(url, { headers, signal: disconnecting.signal });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const events: ReceivedEvent[] = [];
  let id: string | undefined;
  let comments = 0;
  const parser = createParser({
    onComment: () => (comments += 1),
    onId: (text) => (id = text),
    onEvent: ({ event = '', id: own, data }) =>
      events.push({ type: event, id: own === undefined ? undefined : Number(own), data: JSON.parse(data) }),
  });
  const ended = (async () => {
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) parser.feed(text);
  })().catch(() => undefined);
  await eventually(() => expect(id).toBeDefined());
  const lastIdText = () => id ?? '';
  const lastId = () => (id === undefined ? undefined : Number(id));
  return { events, lastId, lastIdText, comments: () => comments, ended, stop: () => disconnecting.abort() };
}
