import { eventually } from '@paceline/shared/testing';
import { describe, expect, it } from 'vitest';
import { createRing, type Feed, type FeedLine } from './feed.ts';
import { viewerStream } from './viewer.ts';

const line = (sequence: number): FeedLine => ({
  sequence,
  type: 'alert',
  text: `id: ${sequence}\n\n`,
  bytes: 1,
});

/** A feed that is told by hand, and keeps five. */
function handFeed() {
  const ring = createRing<FeedLine>(0, 5);
  const wakes = new Set<() => void>();
  const feed: Feed = {
    ring: () => ring,
    news: (sequence, ms, signal) =>
      new Promise((resolve) => {
        const end = () => resolve(ring.last !== sequence);
        if (ring.last !== sequence) end();
        wakes.add(end);
        setTimeout(end, ms);
        signal.addEventListener('abort', end);
      }),
    range: async () => ({ first: 1, last: ring.last }),
    read: async (from, to) => Array.from({ length: to - from + 1 }, (_, index) => line(from + index)),
  };
  const tell = () => {
    ring.push(line(ring.last + 1));
    for (const wake of wakes) wake();
  };
  return { feed, tell };
}

const open = (feed: Feed, options: Partial<Parameters<typeof viewerStream>[1]> = {}) => {
  const stopping = new AbortController();
  const stream = viewerStream(feed, {
    after: undefined,
    types: undefined,
    stopping: stopping.signal,
    ...options,
  });
  const reader = stream.pipeThrough(new TextDecoderStream(), undefined).getReader();
  return { stream, stopping, read: async () => (await reader.read()).value ?? '', reader };
};

describe('a viewer', () => {
  it('hears a comment with the place where it stands when nothing happens', async () => {
    const { feed } = handFeed();
    const { read, reader } = open(feed, { heartbeatMs: 20 });
    expect(await read()).toContain('retry: ');
    expect(await read()).toBe(': heartbeat\nid: 0\n\n');
    expect(await read()).toBe(': heartbeat\nid: 0\n\n');
    await reader.cancel();
  });

  it('that wants other types still moves on, and says so', async () => {
    const { feed, tell } = handFeed();
    const { read, reader } = open(feed, { types: new Set(['conflict']), heartbeatMs: 50 });
    await read();
    tell();
    tell();
    expect(await eventually(read)).toBe(': heartbeat\nid: 2\n\n');
    await reader.cancel();
  });

  it('that reads too slowly is told so and cut, and can go on where it was', async () => {
    const { feed, tell } = handFeed();
    const slow = open(feed);
    await slow.read();
    for (let count = 0; count < 20; count += 1) tell();
    let text = '';
    for (let part = await slow.read(); part !== ''; part = await slow.read()) text += part;
    expect(text).toContain('event: closing\ndata: {"reason":"too_slow"}');
    const again = open(feed, { after: 0 });
    text = '';
    while (!text.includes('id: 20\n')) text += await again.read();
    expect(text.match(/^id: [1-9]\d*$/gm)).toEqual(
      Array.from({ length: 20 }, (_, index) => `id: ${index + 1}`),
    );
    await again.reader.cancel();
  });

  it('that reads nothing at all is cut', async () => {
    const { feed } = handFeed();
    const stream = viewerStream(feed, {
      after: undefined,
      types: undefined,
      stopping: new AbortController().signal,
      stalledMs: 20,
    });
    const reader = stream.getReader();
    await reader.read();
    await expect(reader.closed).rejects.toThrow('nobody reads this stream');
  });
});
