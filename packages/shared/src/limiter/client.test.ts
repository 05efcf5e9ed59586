import type { Subscription } from '@nats-io/nats-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVirtualClock, type VirtualClock } from '../clock/index.ts';
import { type PermitReply, type PermitRequest, catalog } from '../contracts/index.ts';
import { type Bus, connect, createBus, respond, signal } from '../messaging/index.ts';
import { eventually, testLog } from '../testing/index.ts';
import { sharedBrokerAccount } from '../testing/backend.ts';
import { accountOf, partitionOf } from './account.ts';
import { createRequester } from './requester.ts';
import { createLimiters } from './client.ts';
import { type Permit, PermitRefused, PermitSpent } from './permit.ts';

const account = accountOf('a key');
const partition = partitionOf(account);
/** Never advanced, so that no timer fires. */
const clock = createVirtualClock();
const later = 1;
let bus: Bus;

beforeAll(async () => {
  const urlOf = await sharedBrokerAccount();
  bus = createBus(await connect(urlOf('admin'), 'rider-sync'), testLog('client-test'));
});

afterAll(() => bus?.connection.close());

/** An owner that sends this reply to every request except cancels, or that never replies. */
function startOwner(reply?: PermitReply): { received: PermitRequest[]; subscription: Subscription } {
  const received: PermitRequest[] = [];
  const subscription = respond(bus, catalog.requestPermits, { partition }, ({ requests }, send) => {
    received.push(...requests);
    const replyTo = (request: PermitRequest): PermitReply =>
      request.do === 'cancel' || !reply ? { answer: 'cancelled' } : reply;
    if (reply) send({ replies: requests.map(replyTo) });
  });
  return { received, subscription };
}

describe('when a partition has a new owner', () => {
  it('waiting requests are repeated immediately, with the same ticket, request time and first estimate', async () => {
    const limiters = createLimiters(bus, clock);
    const limiter = limiters.of(account);
    const place = { position: 1, ahead: 0, estimatedAt: 0, retryIn: later };
    const first = startOwner({ answer: 'waiting', reason: 'waiting_for_window', ...place });
    const positions: number[] = [];
    const waiting = limiter.withPermit(
      { endpoint: 'clubs', lane: 'rider_sync', onWaiting: ({ position }) => positions.push(position) },
      async () => undefined,
    );
    await eventually(() => expect(positions).toEqual([1]));
    first.subscription.unsubscribe();

    const second = startOwner({ answer: 'refused', reason: 'deadline_unreachable', earliest: 0 });
    signal(bus, catalog.partitionClaimed, { partition }, {});
    await expect(waiting).rejects.toThrow(PermitRefused);
    expect(second.received[0]).toEqual({ ...first.received[0], start: false, firstEstimate: 0 });
    await limiters.close();
    second.subscription.unsubscribe();
  });

  it('a request that missed its deadline meanwhile is refused with since when no limiter replied', async () => {
    const limiters = createLimiters(bus, clock);
    const frozen = startOwner();
    const from = clock.now();
    const deadline = Math.round(from) + 200;
    const waiting = limiters
      .of(account)
      .withPermit({ endpoint: 'clubs', lane: 'rider_sync', deadline }, async () => undefined)
      .catch((error: unknown) => error);
    await eventually(() => expect(frozen.received).toHaveLength(1));
    await clock.advance(201);
    frozen.subscription.unsubscribe();
    const next = startOwner({ answer: 'refused', reason: 'deadline_unreachable', earliest: deadline + 1 });
    signal(bus, catalog.partitionClaimed, { partition }, {});
    const refusal = await waiting;
    if (!(refusal instanceof PermitRefused)) return expect.unreachable();
    expect(refusal.limiterAwaySince).toBeGreaterThanOrEqual(Math.floor(from));
    expect(refusal.limiterAwaySince).toBeLessThan(deadline);
    await limiters.close();
    next.subscription.unsubscribe();
  });

  it('requests in flight to the old owner are abandoned', async () => {
    const frozen = startOwner();
    const requester = createRequester(bus, partition);
    const replies: PermitReply[] = [];
    void requester
      .request({ do: 'cancel', account, endpoint: 'clubs', id: 'a ticket' })
      .then((reply) => replies.push(reply));
    await eventually(() =>
      expect(frozen.received).toContainEqual(expect.objectContaining({ id: 'a ticket' })),
    );
    requester.abandon();
    await new Promise(setImmediate);
    expect(replies).toMatchObject([{ answer: 'unavailable' }]);
    frozen.subscription.unsubscribe();
  });
});

describe('a caller whose onWaiting throws', () => {
  it('gets that error, and its ticket is cancelled', async () => {
    const limiters = createLimiters(bus, clock);
    const place = { position: 1, ahead: 0, estimatedAt: 0, retryIn: later };
    const { received, subscription } = startOwner({
      answer: 'waiting',
      reason: 'waiting_for_window',
      ...place,
    });
    const waiting = limiters.of(account).withPermit(
      {
        endpoint: 'clubs',
        lane: 'rider_sync',
        onWaiting() {
          throw new Error('display failed');
        },
      },
      async () => undefined,
    );
    await expect(waiting).rejects.toThrow('display failed');
    await eventually(() => expect(received.map((request) => request.do)).toEqual(['acquire', 'cancel']));
    await limiters.close();
    subscription.unsubscribe();
  });
});

describe('a started permit', () => {
  const sendBy = 2_000;

  /** Runs `use` with a started permit. @returns the outcomes that the limiter receives */
  async function outcomesOf(
    use: (permit: Permit<'clubs'>, time: VirtualClock) => void | Promise<void>,
  ): Promise<unknown[]> {
    const time = createVirtualClock();
    const limiters = createLimiters(bus, time);
    const outcomes: unknown[] = [];
    const subscription = respond(bus, catalog.requestPermits, { partition }, ({ requests }, reply) => {
      outcomes.push(...requests.flatMap((request) => (request.do === 'settle' ? [request.outcome] : [])));
      reply({
        replies: requests.map(({ do: verb }) =>
          verb === 'acquire' ? { answer: 'started', permit: '1-1-a', sendBy } : { answer: 'settled' },
        ),
      });
    });
    const options = { endpoint: 'clubs', lane: 'rider_sync' } as const;
    await limiters.of(account).withPermit(options, async (permit) => use(permit, time));
    await limiters.close();
    subscription.unsubscribe();
    return outcomes;
  }

  it('allows one call', async () => {
    await outcomesOf((permit) => {
      permit.use();
      expect(() => permit.use()).toThrow(PermitSpent);
    });
  });

  it('allows no call once it is settled', async () => {
    await outcomesOf((permit) => {
      permit.settle({ result: 'not_sent' });
      expect(() => permit.use()).toThrow(PermitSpent);
    });
  });

  it('allows no call once its time to send is over', async () => {
    const outcomes = await outcomesOf(async (permit, time) => {
      await time.advance(sendBy);
      expect(() => permit.use()).toThrow(PermitSpent);
    });
    expect(outcomes).toEqual([{ result: 'not_sent' }]);
  });

  it('is settled once, with the first outcome', async () => {
    const outcomes = await outcomesOf((permit) => {
      permit.use();
      permit.settle({ result: 'answered', status: 200 });
      permit.settle({ result: 'unanswered' });
    });
    expect(outcomes).toEqual([{ result: 'answered', status: 200 }]);
  });

  it('is reported as unanswered if it was used but not settled', async () => {
    expect(await outcomesOf((permit) => permit.use())).toEqual([{ result: 'unanswered' }]);
  });

  it('cannot be returned once its call was sent', async () => {
    const outcomes = await outcomesOf((permit) => {
      permit.use();
      permit.settle({ result: 'not_sent' });
    });
    expect(outcomes).toEqual([{ result: 'unanswered' }]);
  });
});

describe('a malformed outcome', () => {
  it('is reported without its details, so that a 429 stays a 429', async () => {
    const limiters = createLimiters(bus, clock);
    const subscription = respond(bus, catalog.requestPermits, { partition }, ({ requests }, reply) => {
      outcomes.push(...requests.flatMap((request) => (request.do === 'settle' ? [request.outcome] : [])));
      reply({
        replies: requests.map(({ do: verb }) =>
          verb === 'acquire' ? { answer: 'started', permit: '1-1-a', sendBy: later } : { answer: 'settled' },
        ),
      });
    });
    const outcomes: unknown[] = [];
    await limiters.of(account).withPermit({ endpoint: 'clubs', lane: 'rider_sync' }, async (permit) => {
      permit.use();
      permit.settle({ result: 'answered', status: 429, retryAfterMs: Infinity });
    });
    await eventually(() => expect(outcomes).toEqual([{ result: 'answered', status: 429 }]));
    await limiters.close();
    subscription.unsubscribe();
  });
});

describe('the requests of one event-loop turn', () => {
  const cancel = (id: string): PermitRequest => ({ do: 'cancel', account, endpoint: 'clubs', id });

  it('are sent as one message, and each gets its reply', async () => {
    let messages = 0;
    const subscription = respond(bus, catalog.requestPermits, { partition }, ({ requests }, reply) => {
      messages += 1;
      reply({ replies: requests.map(() => ({ answer: 'cancelled' })) });
    });
    const requester = createRequester(bus, partition);
    const replies = await Promise.all(['a', 'b', 'c'].map((id) => requester.request(cancel(id))));
    expect(replies).toEqual(replies.map(() => ({ answer: 'cancelled' })));
    expect(messages).toBe(1);
    subscription.unsubscribe();
  });

  it('succeed even if one of them violates the contract', async () => {
    const { received, subscription } = startOwner({ answer: 'cancelled' });
    const requester = createRequester(bus, partition);
    const wrong = requester.request(cancel(''));
    const right = requester.request(cancel('a'));
    await expect(wrong).rejects.toThrow('id');
    expect(await right).toEqual({ answer: 'cancelled' });
    expect(received).toEqual([cancel('a')]);
    subscription.unsubscribe();
  });
});
