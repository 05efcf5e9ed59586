import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Api } from './api.ts';
import { follow, openStream, type StreamEvent } from './stream.ts';

const stream =
  'retry: 1000\nid: 4\n\nevent: alert\nid: 5\ndata: {"a":"b: c"}\n\n: heartbeat\nid: 9\n\nevent: gap\ndata: {}\n\n';
const whole = [
  { type: 'alert', id: 5, data: { a: 'b: c' } },
  { type: 'gap', id: undefined, data: {} },
];

/** An API whose stream answers each connection with the next of some pieces, and notes how it was asked. */
function apiOf(...connections: ReadonlyArray<readonly string[]>) {
  const asked: Record<string, string>[] = [];
  const left = [...connections];
  const open: Api['open'] = (_, headers) => {
    asked.push(headers);
    const pieces = left.shift();
    if (!pieces) return Promise.reject(new Error('no more'));
    return Promise.resolve(ReadableStream.from(pieces));
  };
  return { asked, api: { open } as Api };
}

async function read(pieces: readonly string[]) {
  const ids: number[] = [];
  const events: StreamEvent[] = [];
  const { signal } = new AbortController();
  for await (const event of await openStream(apiOf(pieces).api, { signal }, (id) => ids.push(id)))
    events.push(event);
  return { events, ids };
}

describe('the event stream', () => {
  it('is read alike wherever it is cut into pieces', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(stream.length)), async (cuts) => {
        const at = [0, ...cuts.toSorted((one, other) => one - other), stream.length];
        const pieces = at.slice(1).map((end, index) => stream.slice(at[index], end));
        expect(await read(pieces)).toEqual({ events: whole, ids: [4, 5, 9] });
      }),
    );
  });

  it('goes on behind the last id when a connection ends, and does not tell that it is closing', async () => {
    const { api, asked } = apiOf(
      [stream, 'event: closing\ndata: {}\n\n'],
      ['event: alert\nid: 10\ndata: {}\n\n'],
    );
    const stop = new AbortController();
    const heard: StreamEvent[] = [];
    const broken: string[] = [];
    for await (const event of follow(api, { signal: stop.signal }, (why) => broken.push(why))) {
      heard.push(event);
      if (event.id === 10) break;
    }
    expect(heard.map(({ type, id }) => [type, id])).toEqual([
      ['alert', 5],
      ['gap', undefined],
      ['alert', 10],
    ]);
    expect(asked).toEqual([{}, { 'last-event-id': '9' }]);
    expect(broken).toEqual(['The API has ended the stream']);
  });

  it('fails when it can not be opened at all', async () => {
    const { signal } = new AbortController();
    await expect(follow(apiOf().api, { signal }).next()).rejects.toThrow('no more');
  });
});
