import { eventually } from '@paceline/shared/testing';
import { describe, expect, it, vi } from 'vitest';
import { createRing, type Feed, type FeedEntry } from './feed.ts';
import { pulledStream, type StreamReader, viewerStream } from './viewer.ts';

const entry = (sequence: number): FeedEntry => ({
  sequence,
  type: 'alert',
  text: `id: ${sequence}\n\n`,
  bytes: 1,
});

/** A feed whose events are pushed by the test. It keeps five. */
function manualFeed() {
  const ring = createRing<FeedEntry>(0, 5);
  const wakes = new Set<() => void>();
  const feed: Feed = {
    ring: () => ring,
    waitForMore: (sequence, ms, signal) =>
      new Promise((resolve) => {
        const end = () => resolve(ring.last !== sequence);
        if (ring.last !== sequence) end();
        wakes.add(end);
        setTimeout(end, ms);
        signal.addEventListener('abort', end);
      }),
    range: async () => ({ first: 1, last: ring.last }),
    read: async (from, to) => Array.from({ length: to - from + 1 }, (_, index) => entry(from + index)),
  };
  const push = () => {
    ring.push(entry(ring.last + 1));
    for (const wake of wakes) wake();
  };
  return { feed, push };
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
  it('receives a heartbeat with its position while no events arrive', async () => {
    const { feed } = manualFeed();
    const { read, reader } = open(feed, { heartbeatMs: 20 });
    expect(await read()).toContain('retry: ');
    expect(await read()).toBe(': heartbeat\nid: 0\n\n');
    expect(await read()).toBe(': heartbeat\nid: 0\n\n');
    await reader.cancel();
  });

  it('advances its position past events of other types', async () => {
    const { feed, push } = manualFeed();
    const { read, reader } = open(feed, { types: new Set(['conflict']), heartbeatMs: 50 });
    await read();
    push();
    push();
    expect(await eventually(read)).toBe(': heartbeat\nid: 2\n\n');
    await reader.cancel();
  });

  it('that reads too slowly is closed as too slow, and can resume where it was', async () => {
    const { feed, push } = manualFeed();
    const slow = open(feed);
    await slow.read();
    for (let count = 0; count < 20; count += 1) push();
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

  it('that reads nothing is disconnected', async () => {
    const { feed } = manualFeed();
    const stream = viewerStream(feed, {
      after: undefined,
      types: undefined,
      stopping: new AbortController().signal,
      stalledMs: 20,
    });
    const reader = stream.getReader();
    await reader.read();
    await expect(reader.closed).rejects.toThrow('the client stopped reading');
  });

  it('is not counted, and subscribes to nothing, before its stream is read', async () => {
    const start = vi.fn<() => StreamReader>(() => ({
      opening: () => ({ text: 'opening' }),
      next: async () => ({ text: '' }),
    }));
    const stream = pulledStream(start, { stopping: new AbortController().signal });
    await new Promise(setImmediate);
    expect(start).not.toHaveBeenCalled();
    const reader = stream.getReader();
    await reader.read();
    expect(start).toHaveBeenCalledOnce();
    await reader.cancel();
  });
});
