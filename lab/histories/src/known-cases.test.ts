import { describe, expect, it } from 'vitest';
import { createDesk, settings } from '@paceline/limiter/core/testing';
import type { Wanted } from './caller.ts';
import { quiet } from './histories.ts';
import { fullest } from './judge.ts';
import { type Blow, happen, type History } from './world.ts';

// What makers of limiters, queues and locks test of theirs, or had to mend: each asked of this one.

const second = 1_000;
const minute = 60 * second;
const policy = { limit: 5, windowMs: minute };
const turnOver = minute + settings.epsilon;

/** Callers that come `gap` ms apart, each as said. */
function comingEvery(gap: number, count: number, each: (index: number) => Partial<Wanted> = () => ({})) {
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
    const desk = createDesk('riders_single');
    for (let index = 0; index < 5; index += 1) {
      desk.call(`t${index}`);
      desk.pass(10 * second);
    }
    // The first was called 50 s ago.
    desk.pass(turnOver - 50 * second - 1);
    expect(desk.acquire('too early').answer).toBe('waiting');
    desk.cancel('too early');
    desk.pass(1);
    desk.call('in time');
    expect(desk.acquire('one more').answer).toBe('waiting');
    desk.cancel('one more');
    desk.pass(10 * second);
    desk.call('in time for the second');
  });

  it('lets no double burst through where one minute ends and the next begins', () => {
    const desk = createDesk('riders_single');
    const endOfMinute = minute - (desk.now() % minute) - 1;
    desk.pass(endOfMinute);
    for (let index = 0; index < 5; index += 1) desk.call(`before ${index}`);
    desk.pass(1);
    expect(desk.acquire('after').answer).toBe('waiting');
  });

  it('that was idle for hours has saved nothing up', () => {
    const desk = createDesk('riders_single');
    for (let hour = 0; hour < 3; hour += 1) {
      desk.pass(60 * minute);
      for (let index = 0; index < 5; index += 1) desk.call(`${hour}.${index}`);
      expect(desk.acquire(`${hour} one more`).answer).toBe('waiting');
      desk.cancel(`${hour} one more`);
    }
  });

  it('is never used twice over by a burst of three times its limit, and serves it as early as can be', () => {
    const arrivals = arrivalsOf(comingEvery(0, 15));
    expect(arrivals).toHaveLength(15);
    expect(fullest(arrivals, minute)).toBe(5);
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeLessThan(2 * turnOver + second);
  });

  it('holds through a spike of a hundred in one turn: all are told their place, and in the order they go', () => {
    const desk = createDesk('riders_single');
    const asks = Array.from({ length: 100 }, (_, index) =>
      desk.acquireAsk(`t${String(index).padStart(3, '0')}`),
    );
    const { answers } = desk.take(...asks);
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
    const desk = createDesk('events');
    desk.call('before');
    desk.ask('far', { lane: 'far_event_sync' });
    desk.pass(second);
    desk.ask('rider', { lane: 'rider_sync' });
    desk.pass(second);
    desk.ask('person', { lane: 'manual_rider_add' });
    desk.pass(turnOver);
    const { answers } = desk.take(
      desk.acquireAsk('far', { lane: 'far_event_sync', firstAskedAt: desk.now() - turnOver - 2 * second }),
      desk.acquireAsk('rider', { lane: 'rider_sync', firstAskedAt: desk.now() - turnOver - second }),
      desk.acquireAsk('person', { lane: 'manual_rider_add', firstAskedAt: desk.now() - turnOver }),
    );
    expect(answers.map(({ answer }) => answer)).toEqual(['waiting', 'waiting', 'granted']);
  });

  it('those of one lane go in the order they came, also when later ones ask more often', () => {
    const desk = createDesk('events');
    desk.call('before');
    const cameAt = desk.now();
    for (const ticket of ['c', 'a', 'b']) {
      desk.ask(ticket);
      desk.pass(10);
    }
    const went: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      desk.pass(turnOver);
      const waiting = ['c', 'a', 'b'].filter((ticket) => !went.includes(ticket)).toReversed();
      const { answers } = desk.take(
        ...waiting.map((ticket) =>
          desk.acquireAsk(ticket, { firstAskedAt: cameAt + ['c', 'a', 'b'].indexOf(ticket) * 10 }),
        ),
      );
      for (const [index, answer] of answers.entries()) {
        if (answer.answer !== 'granted') continue;
        went.push(waiting[index] ?? '');
        desk.start(answer.permit);
        desk.settle(answer.permit);
      }
    }
    expect(went).toEqual(['c', 'a', 'b']);
  });

  it('one that waits at the head and has gone to sleep stops nobody behind it', () => {
    const desk = createDesk('events');
    desk.call('before');
    desk.ask('asleep');
    desk.pass(1);
    const came = desk.now();
    desk.ask('awake', { firstAskedAt: came });
    // Nobody hears of the first again.
    for (let passed = 0; passed < turnOver + settings.startWithin; passed += second) {
      desk.pass(second);
      desk.ask('awake', { firstAskedAt: came });
    }
    expect(desk.acquire('awake', { firstAskedAt: came }).answer).toBe('granted');
  });

  it('one that is given up makes room in the line and takes nothing from the window', () => {
    const desk = createDesk('events');
    desk.call('before');
    desk.ask('first');
    desk.pass(1);
    expect(desk.acquire('second')).toMatchObject({ answer: 'waiting', ahead: 1 });
    desk.cancel('first');
    expect(desk.acquire('second', { firstAskedAt: desk.now() })).toMatchObject({
      answer: 'waiting',
      ahead: 0,
    });
  });
});

describe('clients that are lost', () => {
  it('while they hold every place give all of them back: nothing stays taken for ever', () => {
    const desk = createDesk('riders_single');
    for (let index = 0; index < 5; index += 1) desk.acquire(`held ${index}`);
    expect(desk.acquire('next 0').answer).toBe('waiting');
    desk.pass(settings.startWithin);
    for (let index = 0; index < 5; index += 1) desk.call(`next ${index}`);
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
    const desk = createDesk('events');
    const permit = desk.call('first');
    desk.pass(turnOver);
    const other = desk.acquire('second', { start: true });
    expect(other.answer).toBe('started');
    desk.settle(permit, { result: 'not_sent' });
    desk.cancel(permit);
    expect(desk.acquire('third').answer).toBe('waiting');
  });

  it('that wakes after its permit went to another is not let through', () => {
    const desk = createDesk('events');
    const stale = desk.acquire('first');
    desk.pass(settings.startWithin);
    const fresh = desk.acquire('second');
    expect([stale.answer, fresh.answer]).toEqual(['granted', 'granted']);
    if (stale.answer !== 'granted' || fresh.answer !== 'granted') return;
    expect(desk.start(fresh.permit).answer).toBe('started');
    expect(desk.start(stale.permit).answer).toBe('expired');
  });

  it('that settles a call of before a restart neither frees nor fills a place of after it', () => {
    const desk = createDesk('events');
    const before = desk.acquire('before', { start: true });
    if (before.answer !== 'started') throw new Error(before.answer);
    desk.crash();
    desk.pass(settings.sendWithin + settings.callTimeout.events + settings.guard + turnOver);
    desk.call('after');
    desk.settle(before.permit);
    expect(desk.acquire('third').answer).toBe('waiting');
    desk.pass(turnOver);
    desk.call('third', { firstAskedAt: 0 });
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
    const desk = createDesk('events');
    desk.call('rejected', {}, { result: 'answered', status: 429, retryAfterMs: 90 * second });
    desk.crash();
    desk.pass(turnOver + 20 * second);
    expect(desk.acquire('eager')).toMatchObject({ answer: 'waiting', reason: 'paused_by_upstream' });
  });
});

describe('calls that fail', () => {
  it('count as much as those that succeed: upstream has counted them too', () => {
    const desk = createDesk('events');
    desk.call('fails', {}, { result: 'answered', status: 503 });
    expect(desk.acquire('again').answer).toBe('waiting');
  });

  it('for being too many are tried again at the moment that upstream named, by one, not by all', () => {
    const desk = createDesk('riders_single');
    desk.call('rejected', {}, { result: 'answered', status: 429, retryAfterMs: 30 * second });
    for (let index = 0; index < 4; index += 1) desk.ask(`t${index}`);
    desk.pass(30 * second - 1);
    expect(desk.acquire('t0').answer).toBe('waiting');
    desk.pass(1 + settings.epsilon + settings.probeSpread);
    const { answers } = desk.take(...['t0', 't1', 't2', 't3'].map((ticket) => desk.acquireAsk(ticket)));
    expect(answers.filter(({ answer }) => answer === 'granted')).toHaveLength(1);
  });
});
