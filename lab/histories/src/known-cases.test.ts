import { describe, expect, it } from 'vitest';
import { createTestLimiter, settings } from '@paceline/limiter/core/testing';
import type { CallerPlan } from './caller.ts';
import { quiet } from './histories.ts';
import { fullest } from './upstream.ts';
import { type Blow, happen, type History } from './world.ts';

// What makers of limiters, queues and locks test of theirs, or had to mend: each asked of this one.

const second = 1_000;
const minute = 60 * second;
const policy = { limit: 5, windowMs: minute };
const turnOver = minute + settings.epsilon;

/** Callers that come `gap` ms apart, each as said. */
function comingEvery(gap: number, count: number, each: (index: number) => Partial<CallerPlan> = () => ({})) {
  const { callers, ...rest } = quiet(policy, count);
  return {
    ...rest,
    callers: callers.map((caller, index) => ({
      ...caller,
      after: index === 0 ? 0 : gap,
      wanted: { ...caller.wanted, ...each(index) },
    })),
  };
}

const arrivalsOf = (history: History) => [...happen(history).arrivals.values()].sort((a, b) => a - b);
const withBlows = (history: History, ...blows: Blow[]): History => ({ ...history, blows });

describe('a window', () => {
  it('slides: each call comes free on its own, a window after it, and not all at once', () => {
    const limiter = createTestLimiter('riders_single');
    for (let index = 0; index < 5; index += 1) {
      limiter.call(`t${index}`);
      limiter.pass(10 * second);
    }
    // The first was called 50 s ago.
    limiter.pass(turnOver - 50 * second - 1);
    expect(limiter.acquire('too early').answer).toBe('waiting');
    limiter.cancel('too early');
    limiter.pass(1);
    limiter.call('in time');
    expect(limiter.acquire('one more').answer).toBe('waiting');
    limiter.cancel('one more');
    limiter.pass(10 * second);
    limiter.call('in time for the second');
  });

  it('lets no double burst through where one minute ends and the next begins', () => {
    const limiter = createTestLimiter('riders_single');
    const endOfMinute = minute - (limiter.now() % minute) - 1;
    limiter.pass(endOfMinute);
    for (let index = 0; index < 5; index += 1) limiter.call(`before ${index}`);
    limiter.pass(1);
    expect(limiter.acquire('after').answer).toBe('waiting');
  });

  it('that was idle for hours has saved nothing up', () => {
    const limiter = createTestLimiter('riders_single');
    for (let hour = 0; hour < 3; hour += 1) {
      limiter.pass(60 * minute);
      for (let index = 0; index < 5; index += 1) limiter.call(`${hour}.${index}`);
      expect(limiter.acquire(`${hour} one more`).answer).toBe('waiting');
      limiter.cancel(`${hour} one more`);
    }
  });

  it('is never used twice over by a burst of three times its limit, and serves it as early as can be', () => {
    const arrivals = arrivalsOf(comingEvery(0, 15));
    expect(arrivals).toHaveLength(15);
    expect(fullest(arrivals, minute)).toBe(5);
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeLessThan(2 * turnOver + second);
  });

  it('holds through a spike of a hundred in one turn: all are told their place, and in the order they go', () => {
    const limiter = createTestLimiter('riders_single');
    const asks = Array.from({ length: 100 }, (_, index) =>
      limiter.acquireAsk(`t${String(index).padStart(3, '0')}`),
    );
    const { answers } = limiter.take(...asks);
    expect(answers.filter(({ answer }) => answer === 'granted')).toHaveLength(5);
    const ahead = answers.flatMap((answer) => (answer.answer === 'waiting' ? [answer.ahead] : []));
    expect(ahead).toEqual(Array.from({ length: 95 }, (_, index) => index));
    const times = answers.flatMap((answer) => (answer.answer === 'waiting' ? [answer.estimatedAt] : []));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('stays exact when every worker takes its own time to send, to arrive and to be answered', () => {
    const history = comingEvery(700, 25, (index) => ({
      thinks: (index * 389) % 900,
      arrivesIn: (index * 1_271) % 4_500,
      answersIn: (index * 733) % 3_000,
    }));
    const arrivals = arrivalsOf({ ...history, network: { ...history.network, jitterMs: 500, seed: 7 } });
    expect(arrivals).toHaveLength(25);
    expect(fullest(arrivals, minute)).toBeLessThanOrEqual(5);
  });
});

describe('under the limit of a window', () => {
  it('priority counts when a place comes free, not when one was asked for', () => {
    const limiter = createTestLimiter('events');
    limiter.call('before');
    limiter.ask('far', { lane: 'far_event_sync' });
    limiter.pass(second);
    limiter.ask('rider', { lane: 'rider_sync' });
    limiter.pass(second);
    limiter.ask('person', { lane: 'manual_rider_add' });
    limiter.pass(turnOver);
    const { answers } = limiter.take(
      limiter.acquireAsk('far', {
        lane: 'far_event_sync',
        requestedAt: limiter.now() - turnOver - 2 * second,
      }),
      limiter.acquireAsk('rider', { lane: 'rider_sync', requestedAt: limiter.now() - turnOver - second }),
      limiter.acquireAsk('person', { lane: 'manual_rider_add', requestedAt: limiter.now() - turnOver }),
    );
    expect(answers.map(({ answer }) => answer)).toEqual(['waiting', 'waiting', 'granted']);
  });

  it('those of one lane go in the order they came, also when later ones ask more often', () => {
    const limiter = createTestLimiter('events');
    limiter.call('before');
    const cameAt = limiter.now();
    for (const ticket of ['c', 'a', 'b']) {
      limiter.ask(ticket);
      limiter.pass(10);
    }
    const went: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      limiter.pass(turnOver);
      const waiting = ['c', 'a', 'b'].filter((ticket) => !went.includes(ticket)).toReversed();
      const { answers } = limiter.take(
        ...waiting.map((ticket) =>
          limiter.acquireAsk(ticket, { requestedAt: cameAt + ['c', 'a', 'b'].indexOf(ticket) * 10 }),
        ),
      );
      for (const [index, answer] of answers.entries()) {
        if (answer.answer !== 'granted') continue;
        went.push(waiting[index] ?? '');
        limiter.start(answer.permit);
        limiter.settle(answer.permit);
      }
    }
    expect(went).toEqual(['c', 'a', 'b']);
  });

  it('one that waits at the head and has gone to sleep stops nobody behind it', () => {
    const limiter = createTestLimiter('events');
    limiter.call('before');
    limiter.ask('asleep');
    limiter.pass(1);
    const came = limiter.now();
    limiter.ask('awake', { requestedAt: came });
    // Nobody hears of the first again.
    for (let passed = 0; passed < turnOver + settings.startWithin; passed += second) {
      limiter.pass(second);
      limiter.ask('awake', { requestedAt: came });
    }
    expect(limiter.acquire('awake', { requestedAt: came }).answer).toBe('granted');
  });

  it('one that is given up makes room in the line and takes nothing from the window', () => {
    const limiter = createTestLimiter('events');
    limiter.call('before');
    limiter.ask('first');
    limiter.pass(1);
    expect(limiter.acquire('second')).toMatchObject({ answer: 'waiting', ahead: 1 });
    limiter.cancel('first');
    expect(limiter.acquire('second', { requestedAt: limiter.now() })).toMatchObject({
      answer: 'waiting',
      ahead: 0,
    });
  });
});

describe('clients that are lost', () => {
  it('while they hold every place give all of them back: nothing stays taken for ever', () => {
    const limiter = createTestLimiter('riders_single');
    for (let index = 0; index < 5; index += 1) limiter.acquire(`held ${index}`);
    expect(limiter.acquire('next 0').answer).toBe('waiting');
    limiter.pass(settings.startWithin);
    for (let index = 0; index < 5; index += 1) limiter.call(`next ${index}`);
  });

  it('in the middle of every call cost the calls that they had booked, and the line goes on', () => {
    const history = comingEvery(0, 20);
    const arrivals = arrivalsOf({
      ...history,
      callers: history.callers.map((caller, index) =>
        index % 2 === 0 ? caller : { ...caller, fate: { ...caller.fate, dies: { at: 3, when: 'after' } } },
      ),
    });
    expect(arrivals.length).toBeGreaterThanOrEqual(10);
    expect(fullest(arrivals, minute)).toBeLessThanOrEqual(5);
  });
});

describe('a stale holder', () => {
  it('that gives its permit back a second time frees nobody else’s place', () => {
    const limiter = createTestLimiter('events');
    const permit = limiter.call('first');
    limiter.pass(turnOver);
    const other = limiter.acquire('second', { start: true });
    expect(other.answer).toBe('started');
    limiter.settle(permit, { result: 'not_sent' });
    limiter.cancel(permit);
    expect(limiter.acquire('third').answer).toBe('waiting');
  });

  it('that wakes after its permit went to another is not let through', () => {
    const limiter = createTestLimiter('events');
    const stale = limiter.acquire('first');
    limiter.pass(settings.startWithin);
    const fresh = limiter.acquire('second');
    expect([stale.answer, fresh.answer]).toEqual(['granted', 'granted']);
    if (stale.answer !== 'granted' || fresh.answer !== 'granted') return;
    expect(limiter.start(fresh.permit).answer).toBe('started');
    expect(limiter.start(stale.permit).answer).toBe('expired');
  });

  it('that settles a call of before a restart neither frees nor fills a place of after it', () => {
    const limiter = createTestLimiter('events');
    const before = limiter.acquire('before', { start: true });
    if (before.answer !== 'started') throw new Error(before.answer);
    limiter.crash();
    limiter.pass(settings.sendWithin + settings.callTimeout.events + settings.guard + turnOver);
    limiter.call('after');
    limiter.settle(before.permit);
    expect(limiter.acquire('third').answer).toBe('waiting');
    limiter.pass(turnOver);
    limiter.call('third', { requestedAt: 0 });
  });
});

describe('a limiter that is lost', () => {
  it('for longer than any lease, and comes back believing that it rules, lets nobody through', () => {
    const arrivals = arrivalsOf(
      withBlows(
        comingEvery(second, 25),
        { after: 5 * second, does: 'freezes', forMs: 30 * second },
        { after: 2 * second, does: 'is replaced' },
      ),
    );
    expect(arrivals).toHaveLength(25);
    expect(fullest(arrivals, minute)).toBeLessThanOrEqual(5);
  });

  it('again and again loses nobody: all who wait get to call', () => {
    const history = withBlows(
      comingEvery(second, 20),
      ...Array.from({ length: 6 }, (): Blow => ({
        after: 20 * second,
        does: 'dies',
        death: 'before the append',
        downFor: 2 * second,
      })),
    );
    const { arrivals, ends } = happen(history);
    expect([...ends.values()]).toEqual(Array.from({ length: 20 }, () => 'called'));
    expect(fullest([...arrivals.values()], minute)).toBeLessThanOrEqual(5);
  });

  it('has forgotten neither the calls that count nor the pause that upstream named', () => {
    const limiter = createTestLimiter('events');
    limiter.call('rejected', {}, { result: 'answered', status: 429, retryAfterMs: 90 * second });
    limiter.crash();
    limiter.pass(turnOver + 20 * second);
    expect(limiter.acquire('eager')).toMatchObject({ answer: 'waiting', reason: 'paused_by_upstream' });
  });
});

describe('calls that fail', () => {
  it('count as much as those that succeed: upstream has counted them too', () => {
    const limiter = createTestLimiter('events');
    limiter.call('fails', {}, { result: 'answered', status: 503 });
    expect(limiter.acquire('again').answer).toBe('waiting');
  });

  it('for being too many are tried again at the moment that upstream named, by one, not by all', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('rejected', {}, { result: 'answered', status: 429, retryAfterMs: 30 * second });
    for (let index = 0; index < 4; index += 1) limiter.ask(`t${index}`);
    limiter.pass(30 * second - 1);
    expect(limiter.acquire('t0').answer).toBe('waiting');
    limiter.pass(1 + settings.epsilon + settings.probeSpread);
    const { answers } = limiter.take(...['t0', 't1', 't2', 't3'].map((ticket) => limiter.acquireAsk(ticket)));
    expect(answers.filter(({ answer }) => answer === 'granted')).toHaveLength(1);
  });
});
