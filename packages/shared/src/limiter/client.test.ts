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
/** Time stands still: nothing happens because of it. */
const clock = createVirtualClock();
const later = 1;
let bus: Bus;

beforeAll(async () => {
  const urlOf = await sharedBrokerAccount();
  bus = createBus(await connect(urlOf('admin'), 'rider-sync'), testLog('client-test'));
});

afterAll(() => bus?.connection.close());

/** An owner of the partition that answers every ask like this, but for cancels, or not at all. */
function owner(answer?: PermitReply): { asked: PermitRequest[]; subscription: Subscription } {
  const asked: PermitRequest[] = [];
  const subscription = respond(bus, catalog.requestPermits, { partition }, ({ requests }, reply) => {
    asked.push(...requests);
    const answerTo = (ask: PermitRequest): PermitReply =>
      ask.do === 'cancel' || !answer ? { answer: 'cancelled' } : answer;
    if (answer) reply({ replies: requests.map(answerTo) });
  });
  return { asked, subscription };
}

describe('when a partition has a new owner', () => {
  it('whoever waits asks it at once, with the same ticket, place in line and promise', async () => {
    const limiters = createLimiters(bus, clock);
    const limiter = limiters.of(account);
    const line = { position: 1, ahead: 0, estimatedAt: 0, retryIn: later };
    const first = owner({ answer: 'waiting', reason: 'waiting_for_window', ...line });
    const told: number[] = [];
    const waiting = limiter.withPermit(
      { endpoint: 'clubs', lane: 'rider_sync', onWaiting: ({ position }) => told.push(position) },
      async () => undefined,
    );
    await eventually(() => expect(told).toEqual([1]));
    first.subscription.unsubscribe();

    const second = owner({ answer: 'refused', reason: 'deadline_unreachable', earliest: 0 });
    signal(bus, catalog.partitionClaimed, { partition }, {});
    await expect(waiting).rejects.toThrow(PermitRefused);
    expect(second.asked[0]).toEqual({ ...first.asked[0], start: false, firstEstimate: 0 });
    await limiters.close();
    second.subscription.unsubscribe();
  });

  it('nobody waits any longer for an answer of the last one', async () => {
    const frozen = owner();
    const requester = createRequester(bus, partition);
    const answers: PermitReply[] = [];
    void requester
      .request({ do: 'cancel', account, endpoint: 'clubs', id: 'a ticket' })
      .then((answer) => answers.push(answer));
    await eventually(() => expect(frozen.asked).toContainEqual(expect.objectContaining({ id: 'a ticket' })));
    requester.giveUp();
    await new Promise(setImmediate);
    expect(answers).toMatchObject([{ answer: 'unavailable' }]);
    frozen.subscription.unsubscribe();
  });
});

describe('a caller that throws when it is shown its place', () => {
  it('hears of it as the end of its wait, and its ticket is taken back', async () => {
    const limiters = createLimiters(bus, clock);
    const line = { position: 1, ahead: 0, estimatedAt: 0, retryIn: later };
    const { asked, subscription } = owner({ answer: 'waiting', reason: 'waiting_for_window', ...line });
    const waiting = limiters.of(account).withPermit(
      {
        endpoint: 'clubs',
        lane: 'rider_sync',
        onWaiting() {
          throw new Error('can not be shown');
        },
      },
      async () => undefined,
    );
    await expect(waiting).rejects.toThrow('can not be shown');
    await eventually(() => expect(asked.map((ask) => ask.do)).toEqual(['acquire', 'cancel']));
    await limiters.close();
    subscription.unsubscribe();
  });
});

describe('a started permit', () => {
  const sendBy = 2_000;

  /** Hands a started permit to `use`. @returns the outcomes that the limiter receives */
  async function outcomesOf(
    use: (permit: Permit<'clubs'>, time: VirtualClock) => void | Promise<void>,
  ): Promise<unknown[]> {
    const time = createVirtualClock();
    const limiters = createLimiters(bus, time);
    const outcomes: unknown[] = [];
    const subscription = respond(bus, catalog.requestPermits, { partition }, ({ requests }, reply) => {
      outcomes.push(...requests.flatMap((ask) => (ask.do === 'settle' ? [ask.outcome] : [])));
      reply({
        replies: requests.map(({ do: verb }) =>
          verb === 'acquire' ? { answer: 'started', permit: '1-1-a', sendBy } : { answer: 'settled' },
        ),
      });
    });
    const wanted = { endpoint: 'clubs', lane: 'rider_sync' } as const;
    await limiters.of(account).withPermit(wanted, async (permit) => use(permit, time));
    await limiters.close();
    subscription.unsubscribe();
    return outcomes;
  }

  it('is good for one call', async () => {
    await outcomesOf((permit) => {
      permit.use();
      expect(() => permit.use()).toThrow(PermitSpent);
    });
  });

  it('is good for none once it is settled', async () => {
    await outcomesOf((permit) => {
      permit.settle({ result: 'not_sent' });
      expect(() => permit.use()).toThrow(PermitSpent);
    });
  });

  it('is good for none once its time to send is over', async () => {
    const outcomes = await outcomesOf(async (permit, time) => {
      await time.advance(sendBy);
      expect(() => permit.use()).toThrow(PermitSpent);
    });
    expect(outcomes).toEqual([{ result: 'not_sent' }]);
  });

  it('is settled once, by who says it first', async () => {
    const outcomes = await outcomesOf((permit) => {
      permit.use();
      permit.settle({ result: 'answered', status: 200 });
      permit.settle({ result: 'unanswered' });
    });
    expect(outcomes).toEqual([{ result: 'answered', status: 200 }]);
  });

  it('that was used and not settled counts as unanswered', async () => {
    expect(await outcomesOf((permit) => permit.use())).toEqual([{ result: 'unanswered' }]);
  });

  it('can not be given back once its call has left', async () => {
    const outcomes = await outcomesOf((permit) => {
      permit.use();
      permit.settle({ result: 'not_sent' });
    });
    expect(outcomes).toEqual([{ result: 'unanswered' }]);
  });
});

describe('a call whose end breaks the contract', () => {
  it('is settled all the same: a 429 stays a 429, without what else was said', async () => {
    const limiters = createLimiters(bus, clock);
    const subscription = respond(bus, catalog.requestPermits, { partition }, ({ requests }, reply) => {
      outcomes.push(...requests.flatMap((ask) => (ask.do === 'settle' ? [ask.outcome] : [])));
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

describe('the asks of one event-loop turn', () => {
  const cancel = (id: string): PermitRequest => ({ do: 'cancel', account, endpoint: 'clubs', id });

  it('travel as one message, and are answered each', async () => {
    let messages = 0;
    const subscription = respond(bus, catalog.requestPermits, { partition }, ({ requests }, reply) => {
      messages += 1;
      reply({ replies: requests.map(() => ({ answer: 'cancelled' })) });
    });
    const requester = createRequester(bus, partition);
    const answers = await Promise.all(['a', 'b', 'c'].map((id) => requester.request(cancel(id))));
    expect(answers).toEqual(answers.map(() => ({ answer: 'cancelled' })));
    expect(messages).toBe(1);
    subscription.unsubscribe();
  });

  it('do not share the fate of one among them that breaks the contract', async () => {
    const { asked, subscription } = owner({ answer: 'cancelled' });
    const requester = createRequester(bus, partition);
    const wrong = requester.request(cancel(''));
    const right = requester.request(cancel('a'));
    await expect(wrong).rejects.toThrow('id');
    expect(await right).toEqual({ answer: 'cancelled' });
    expect(asked).toEqual([cancel('a')]);
    subscription.unsubscribe();
  });
});
