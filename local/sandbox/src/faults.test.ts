import { describe, expect, it } from 'vitest';
import { breakResponse, createFaultQueue, fault, type UpstreamFaultInput } from './faults.ts';

const queueOf = (...faults: UpstreamFaultInput[]) => {
  const queue = createFaultQueue();
  for (const each of faults) queue.add(fault.parse(each));
  return queue;
};

describe('the fault queue', () => {
  it('applies a fault to the given number of requests of its budget', () => {
    const queue = queueOf({ kind: 'reset', budget: 'clubs', times: 2 });
    expect(queue.take('signups')).toBeUndefined();
    expect([queue.take('clubs'), queue.take('clubs'), queue.take('clubs')].map((each) => each?.kind)).toEqual(
      ['reset', 'reset', undefined],
    );
    expect(queue.pending()).toEqual([]);
  });

  it('applies a fault without a budget to any request, oldest fault first', () => {
    const queue = queueOf({ kind: 'html' }, { kind: 'hang', budget: 'events' });
    expect(queue.take('events')?.kind).toBe('html');
    expect(queue.take('events')?.kind).toBe('hang');
  });

  it('takes host-gone separately from other faults', () => {
    const queue = queueOf({ kind: 'host-gone' });
    expect(queue.take('clubs')).toBeUndefined();
    expect(queue.takeHostGone('clubs')?.kind).toBe('host-gone');
  });

  it('can be cleared', () => {
    const queue = queueOf({ kind: 'reset', times: 100 });
    queue.clear();
    expect(queue.take('clubs')).toBeUndefined();
  });
});

describe('breakResponse', () => {
  const broken = async (input: UpstreamFaultInput) => {
    const response = await breakResponse(fault.parse(input), Response.json({ clubId: 1, riders: [] }));
    return {
      status: response.status,
      type: response.headers.get('Content-Type'),
      text: await response.text(),
    };
  };

  it('returns half of the JSON, null or an HTML page with status 200', async () => {
    const truncated = await broken({ kind: 'truncated' });
    expect(truncated).toMatchObject({ status: 200, type: 'application/json' });
    expect(truncated.text).toBe('{"clubId":1,');
    expect(await broken({ kind: 'null-body' })).toMatchObject({ status: 200, text: 'null' });
    expect(await broken({ kind: 'html' })).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' });
  });

  it('gives one item fields of wrong types', async () => {
    const garbled = async (whole: unknown) =>
      (await breakResponse(fault.parse({ kind: 'wrong-types' }), Response.json(whole))).json();
    const rider = { riderId: 1, name: 'A' };
    const wrong = { riderId: {}, name: {} };
    expect(await garbled(rider)).toEqual(wrong);
    expect(await garbled([rider, rider])).toEqual([wrong, rider]);
    expect(await garbled({ clubId: 7, riders: [rider, rider] })).toEqual({
      clubId: 7,
      riders: [wrong, rider],
    });
    const pens = (riders: unknown[]) => [
      { name: 'A', riders: [] },
      { name: 'B', riders },
    ];
    expect(await garbled(pens([rider, rider]))).toEqual(pens([wrong, rider]));
    expect(await garbled({ eventId: '7', results: [] })).toEqual({ eventId: '7', results: [] });
  });

  it('returns answers that hold nothing', async () => {
    expect(await broken({ kind: 'data-null' })).toMatchObject({ status: 200, text: '{"data":null}' });
    expect(await broken({ kind: 'not-found-message' })).toMatchObject({
      status: 200,
      text: '{"message":"Rider not found"}',
    });
  });

  it('returns empty or short lists', async () => {
    const shortened = async (kind: 'empty-list' | 'short-list', whole: unknown) =>
      (await breakResponse(fault.parse({ kind }), Response.json(whole))).json();
    const riders = Array.from({ length: 30 }, (_, index) => ({ riderId: index + 1 }));
    expect(await shortened('empty-list', riders)).toEqual([]);
    expect(await shortened('empty-list', { clubId: 7, riders })).toEqual({ clubId: 7, riders: [] });
    expect(await shortened('empty-list', [{ name: 'A', riders }])).toEqual([{ name: 'A', riders: [] }]);
    expect(await shortened('short-list', { eventId: '7', results: riders })).toEqual({
      eventId: '7',
      results: riders.slice(0, 3),
    });
  });

  it('returns a server error with the given status', async () => {
    expect(await broken({ kind: 'server-error' })).toMatchObject({ status: 503 });
    expect(await broken({ kind: 'server-error', status: 500 })).toMatchObject({ status: 500 });
  });
});
