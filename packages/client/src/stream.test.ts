import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Api, ApiProblem, Unreachable } from './api.ts';
import { follow, followCommand, openStream, type StreamEvent } from './stream.ts';

const stream =
  'retry: 1000\nid: 4\n\nevent: alert\nid: 5\ndata: {"a":"b: c"}\n\n: heartbeat\nid: 9\n\nevent: gap\ndata: {}\n\n';
const whole = [
  { type: 'alert', id: 5, data: { a: 'b: c' } },
  { type: 'gap', id: undefined, data: {} },
];

/** An API that serves one list of chunks per connection and records the request headers. */
function fakeApi(...connections: ReadonlyArray<readonly string[]>) {
  const requests: Record<string, string>[] = [];
  const remaining = [...connections];
  const open: Api['open'] = (_, headers) => {
    requests.push(headers);
    const chunks = remaining.shift();
    if (!chunks) return Promise.reject(new Error('no connections left'));
    return Promise.resolve(ReadableStream.from(chunks));
  };
  return { requests, api: { open } as Api };
}

async function read(chunks: readonly string[]) {
  const ids: number[] = [];
  const events: StreamEvent[] = [];
  const { signal } = new AbortController();
  for await (const event of await openStream(fakeApi(chunks).api, { signal }, (id) => ids.push(id)))
    events.push(event);
  return { events, ids };
}

describe('the event stream', () => {
  it('parses the same events however the stream is chunked', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(stream.length)), async (cuts) => {
        const at = [0, ...cuts.toSorted((one, other) => one - other), stream.length];
        const chunks = at.slice(1).map((end, index) => stream.slice(at[index], end));
        expect(await read(chunks)).toEqual({ events: whole, ids: [4, 5, 9] });
      }),
    );
  });

  it('continues after the last id when a connection ends, and hides the closing event', async () => {
    const { api, requests } = fakeApi(
      [stream, 'event: closing\ndata: {}\n\n'],
      ['event: alert\nid: 10\ndata: {}\n\n'],
    );
    const stop = new AbortController();
    const received: StreamEvent[] = [];
    const disconnects: string[] = [];
    for await (const event of follow(
      api,
      { signal: stop.signal },
      { onDisconnect: (reason) => disconnects.push(reason) },
    )) {
      received.push(event);
      if (event.id === 10) break;
    }
    expect(received.map(({ type, id }) => [type, id])).toEqual([
      ['alert', 5],
      ['gap', undefined],
      ['alert', 10],
    ]);
    expect(requests).toEqual([{}, { 'last-event-id': '9' }]);
    expect(disconnects).toEqual(['The API closed the stream']);
  });

  it('fails when the first connection fails', async () => {
    const { signal } = new AbortController();
    await expect(follow(fakeApi().api, { signal }).next()).rejects.toThrow('no connections left');
  });
});

describe('following a command', () => {
  const event = (id: string, command: object) =>
    `event: command\nid: ${id}\ndata: ${JSON.stringify(command)}\n\n`;
  const waiting = { state: 'waiting_in_line', finishedAt: null };
  const done = { state: 'done', finishedAt: '2026-11-26T18:30:00.000Z' };

  it('yields each change once, across connections, and ends with the final state', async () => {
    const { api, requests } = fakeApi(
      [`retry: 1000\nid: \n\n${event('a', waiting)}`, 'event: closing\ndata: {}\n\n'],
      [event('b', done)],
    );
    const { signal } = new AbortController();
    const states: string[] = [];
    for await (const { state } of followCommand(api, 'id', { signal })) states.push(state);
    expect(states).toEqual(['waiting_in_line', 'done']);
    expect(requests).toEqual([{}, { 'last-event-id': 'a' }]);
  });

  it('connects again when the API is away at first, and says when it is connected, however long nothing changes', async () => {
    const { api } = fakeApi(['retry: 1000\n\n'], [event('b', done)]);
    const { open } = api;
    const seen: string[] = [];
    let refusals = 1;
    const away: Api['open'] = (...input) =>
      (refusals -= 1) >= 0 ? Promise.reject(new Unreachable('away')) : open(...input);
    const watcher = { onConnect: () => seen.push('connected'), onDisconnect: () => seen.push('lost') };
    for await (const { state } of followCommand({ ...api, open: away }, 'id', {}, watcher)) seen.push(state);
    expect(seen).toEqual(['lost', 'connected', 'lost', 'connected', 'done']);
  });

  it('ends with the error of an API that refuses for good', async () => {
    const open: Api['open'] = () => Promise.reject(new ApiProblem(404, {}));
    await expect(followCommand({ open } as Api, 'id').next()).rejects.toThrow(ApiProblem);
  });
});
