import { describe, expect, it } from 'vitest';
import { breakResponse, createFaultQueue, fault, type FaultOrder } from './faults.ts';

const queueOf = (...orders: FaultOrder[]) => {
  const queue = createFaultQueue();
  for (const order of orders) queue.add(fault.parse(order));
  return queue;
};

describe('faults that wait', () => {
  it('befall as many requests of their budget as ordered', () => {
    const queue = queueOf({ kind: 'reset', budget: 'clubs', times: 2 });
    expect(queue.take('signups')).toBeUndefined();
    expect([queue.take('clubs'), queue.take('clubs'), queue.take('clubs')].map((each) => each?.kind)).toEqual(
      ['reset', 'reset', undefined],
    );
    expect(queue.waiting()).toEqual([]);
  });

  it('befall any request when no budget is named, the oldest first', () => {
    const queue = queueOf({ kind: 'html' }, { kind: 'hang', budget: 'events' });
    expect(queue.take('events')?.kind).toBe('html');
    expect(queue.take('events')?.kind).toBe('hang');
  });

  it('keep a host that is gone apart from faults of single answers', () => {
    const queue = queueOf({ kind: 'host-gone' });
    expect(queue.take('clubs')).toBeUndefined();
    expect(queue.takeHostGone('clubs')?.kind).toBe('host-gone');
  });

  it('can be called off', () => {
    const queue = queueOf({ kind: 'reset', times: 100 });
    queue.clear();
    expect(queue.take('clubs')).toBeUndefined();
  });
});

describe('a broken answer', () => {
  const broken = async (order: FaultOrder) => {
    const answer = await breakResponse(fault.parse(order), Response.json({ clubId: 1, riders: [] }));
    return { status: answer.status, type: answer.headers.get('Content-Type'), text: await answer.text() };
  };

  it('is half of the JSON, the word null, or a page for people, all with status 200', async () => {
    const truncated = await broken({ kind: 'truncated' });
    expect(truncated).toMatchObject({ status: 200, type: 'application/json' });
    expect(truncated.text).toBe('{"clubId":1,');
    expect(await broken({ kind: 'null-body' })).toMatchObject({ status: 200, text: 'null' });
    expect(await broken({ kind: 'html' })).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' });
  });

  it('holds an item with fields of the wrong types among good ones', async () => {
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

  it('is a server error of the ordered status', async () => {
    expect(await broken({ kind: 'server-error' })).toMatchObject({ status: 503 });
    expect(await broken({ kind: 'server-error', status: 500 })).toMatchObject({ status: 500 });
  });
});
