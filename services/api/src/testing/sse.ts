import { eventually } from '@paceline/shared/testing';
import { createParser } from 'eventsource-parser';
import { expect } from 'vitest';

/** One event as a client of the stream reads it. */
export interface Heard {
  readonly type: string;
  readonly id: number | undefined;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any event's fields
  readonly data: any;
}

/** A client of the stream: hears until it is stopped, or the stream ends. */
export interface Viewer {
  readonly heard: Heard[];
  /** The id to resume behind. */
  lastId(): number | undefined;
  comments(): number;
  readonly ended: Promise<void>;
  stop(): void;
}

/** Opens a stream, and returns when its first words are there. */
export async function watch(url: string, headers: Record<string, string> = {}): Promise<Viewer> {
  const leaving = new AbortController();
  const response = await fetch(url, { headers, signal: leaving.signal });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const heard: Heard[] = [];
  let id: number | undefined;
  let comments = 0;
  const parser = createParser({
    onComment: () => (comments += 1),
    onId: (text) => (id = Number(text)),
    onEvent: ({ event = '', id: own, data }) =>
      heard.push({ type: event, id: own === undefined ? undefined : Number(own), data: JSON.parse(data) }),
  });
  const ended = (async () => {
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) parser.feed(text);
  })().catch(() => undefined);
  await eventually(() => expect(id).toBeDefined());
  return { heard, lastId: () => id, comments: () => comments, ended, stop: () => leaving.abort() };
}
