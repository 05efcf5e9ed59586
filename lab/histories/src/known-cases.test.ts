import { describe, expect, it } from 'vitest';
import { budgetOf, createTestLimiter, settings } from '@paceline/limiter/core/testing';
import type { CallerPlan } from './caller.ts';
import { burst } from './histories.ts';
import { maxInWindow } from './upstream.ts';
import { type Incident, runHistory, type History } from './world.ts';

// Cases that other limiters, queues and locks test or had to fix.

const second = 1_000;
const minute = 60 * second;
const policy = { limit: 5, windowMs: minute };
const cycle = minute + settings.epsilon;

/** Callers that arrive `gap` ms apart. @param planOf overrides parts of a caller's plan */
function callersEvery(
  gap: number,
  count: number,
  planOf: (index: number) => Partial<CallerPlan> = () => ({}),
) {
  const { callers, ...rest } = burst(policy, count);
  return {
    ...rest,
    callers: callers.map((caller, index) => ({
      ...caller,
      after: index === 0 ? 0 : gap,
      plan: { ...caller.plan, ...planOf(index) },
    })),
  };
}

const arrivalsOf = (history: History) => [...runHistory(history).arrivals.values()].sort((a, b) => a - b);
const withIncidents = (history: History, ...incidents: Incident[]): History => ({ ...history, incidents });

describe('a window', () => {
  it('slides: each call leaves it on its own, a window after it was answered', () => {
    const limiter = createTestLimiter('riders_single');
    for (let index = 0; index < 5; index += 1) {
      limiter.call(`t${index}`);
      limiter.pass(10 * second);
    }
    // The first call was 50 s ago.
    limiter.pass(cycle - 50 * second - 1);
    expect(limiter.acquire('too early').answer).toBe('waiting');
    limiter.cancel('too early');
    limiter.pass(1);
    limiter.call('in time');
    expect(limiter.acquire('one more').answer).toBe('waiting');
    limiter.cancel('one more');
    limiter.pass(10 * second);
    limiter.call('in time for the second');
  });

  it('allows no double burst at a minute boundary', () => {
    const limiter = createTestLimiter('riders_single');
    const endOfMinute = minute - (limiter.now() % minute) - 1;
    limiter.pass(endOfMinute);
    for (let index = 0; index < 5; index += 1) limiter.call(`before ${index}`);
    limiter.pass(1);
    expect(limiter.acquire('after').answer).toBe('waiting');
  });

  it('accumulates nothing while idle for hours', () => {
    const limiter = createTestLimiter('riders_single');
    for (let hour = 0; hour < 3; hour += 1) {
      limiter.pass(60 * minute);
      for (let index = 0; index < 5; index += 1) limiter.call(`${hour}.${index}`);
      expect(limiter.acquire(`${hour} one more`).answer).toBe('waiting');
      limiter.cancel(`${hour} one more`);
    }
  });

  it('is never overfilled by a burst of three times its limit, which ends as early as possible', () => {
    const arrivals = arrivalsOf(callersEvery(0, 15));
    expect(arrivals).toHaveLength(15);
    expect(maxInWindow(arrivals, minute)).toBe(5);
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeLessThan(2 * cycle + second);
  });

  it('replies to 100 requests in one turn with positions and estimates in queue order', () => {
    const limiter = createTestLimiter('riders_single');
    const requests = Array.from({ length: 100 }, (_, index) =>
      limiter.acquireRequest(`t${String(index).padStart(3, '0')}`),
    );
    const { replies } = limiter.take(...requests);
    expect(replies.filter(({ answer }) => answer === 'granted')).toHaveLength(5);
    const ahead = replies.flatMap((answer) => (answer.answer === 'waiting' ? [answer.ahead] : []));
    expect(ahead).toEqual(Array.from({ length: 95 }, (_, index) => index));
    const times = replies.flatMap((answer) => (answer.answer === 'waiting' ? [answer.estimatedAt] : []));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('stays exact when every call takes a different time to be sent, to arrive and to be answered', () => {
    const history = callersEvery(700, 25, (index) => ({
      sendsAfter: (index * 389) % 900,
      arrivesIn: (index * 1_271) % 4_500,
      answersIn: (index * 733) % 3_000,
    }));
    const arrivals = arrivalsOf({ ...history, network: { ...history.network, jitterMs: 500, seed: 7 } });
    expect(arrivals).toHaveLength(25);
    expect(maxInWindow(arrivals, minute)).toBeLessThanOrEqual(5);
  });
});

describe('the queue of a window', () => {
  it('applies priority when a permit becomes free, not when it was requested', () => {
    const limiter = createTestLimiter('events');
    limiter.call('before');
    limiter.request('far', { lane: 'far_event_sync' });
    limiter.pass(second);
    limiter.request('rider', { lane: 'rider_sync' });
    limiter.pass(second);
    limiter.request('person', { lane: 'manual_rider_add' });
    limiter.pass(cycle);
    const { replies } = limiter.take(
      limiter.acquireRequest('far', {
        lane: 'far_event_sync',
        requestedAt: limiter.now() - cycle - 2 * second,
      }),
      limiter.acquireRequest('rider', { lane: 'rider_sync', requestedAt: limiter.now() - cycle - second }),
      limiter.acquireRequest('person', { lane: 'manual_rider_add', requestedAt: limiter.now() - cycle }),
    );
    expect(replies.map(({ answer }) => answer)).toEqual(['waiting', 'waiting', 'granted']);
  });

  it('keeps the order within a lane, even if later requests are repeated more often', () => {
    const limiter = createTestLimiter('events');
    limiter.call('before');
    const cameAt = limiter.now();
    for (const ticket of ['c', 'a', 'b']) {
      limiter.request(ticket);
      limiter.pass(10);
    }
    const called: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      limiter.pass(cycle);
      const waiting = ['c', 'a', 'b'].filter((ticket) => !called.includes(ticket)).toReversed();
      const { replies } = limiter.take(
        ...waiting.map((ticket) =>
          limiter.acquireRequest(ticket, { requestedAt: cameAt + ['c', 'a', 'b'].indexOf(ticket) * 10 }),
        ),
      );
      for (const [index, answer] of replies.entries()) {
        if (answer.answer !== 'granted') continue;
        called.push(waiting[index] ?? '');
        limiter.start(answer.permit);
        limiter.settle(answer.permit);
      }
    }
    expect(called).toEqual(['c', 'a', 'b']);
  });

  it('is not blocked by a silent request at its head', () => {
    const limiter = createTestLimiter('events');
    limiter.call('before');
    limiter.request('silent');
    limiter.pass(1);
    const cameAt = limiter.now();
    limiter.request('repeated', { requestedAt: cameAt });
    // The first request is never repeated.
    for (let passed = 0; passed < cycle + settings.startWithin; passed += second) {
      limiter.pass(second);
      limiter.request('repeated', { requestedAt: cameAt });
    }
    expect(limiter.acquire('repeated', { requestedAt: cameAt }).answer).toBe('granted');
  });

  it('moves up when a request is cancelled, which takes nothing from the window', () => {
    const limiter = createTestLimiter('events');
    limiter.call('before');
    limiter.request('first');
    limiter.pass(1);
    expect(limiter.acquire('second')).toMatchObject({ answer: 'waiting', ahead: 1 });
    limiter.cancel('first');
    expect(limiter.acquire('second', { requestedAt: limiter.now() })).toMatchObject({
      answer: 'waiting',
      ahead: 0,
    });
  });
});

describe('lost clients', () => {
  it('that hold every permit free all of them in the end', () => {
    const limiter = createTestLimiter('riders_single');
    for (let index = 0; index < 5; index += 1) limiter.acquire(`held ${index}`);
    expect(limiter.acquire('next 0').answer).toBe('waiting');
    limiter.pass(settings.startWithin);
    for (let index = 0; index < 5; index += 1) limiter.call(`next ${index}`);
  });

  it('cost only the calls they had started, and the queue continues', () => {
    const history = callersEvery(0, 20);
    const arrivals = arrivalsOf({
      ...history,
      callers: history.callers.map((caller, index) =>
        index % 2 === 0 ? caller : { ...caller, fault: { ...caller.fault, dies: { at: 3, when: 'after' } } },
      ),
    });
    expect(arrivals.length).toBeGreaterThanOrEqual(10);
    expect(maxInWindow(arrivals, minute)).toBeLessThanOrEqual(5);
  });
});

describe('a stale client', () => {
  it('that returns its permit twice frees no other call', () => {
    const limiter = createTestLimiter('events');
    const permit = limiter.call('first');
    limiter.pass(cycle);
    const other = limiter.acquire('second', { start: true });
    expect(other.answer).toBe('started');
    limiter.settle(permit, { result: 'not_sent' });
    limiter.cancel(permit);
    expect(limiter.acquire('third').answer).toBe('waiting');
  });

  it('cannot start a permit that expired and was granted again', () => {
    const limiter = createTestLimiter('events');
    const stale = limiter.acquire('first');
    limiter.pass(settings.startWithin);
    const current = limiter.acquire('second');
    expect([stale.answer, current.answer]).toEqual(['granted', 'granted']);
    if (stale.answer !== 'granted' || current.answer !== 'granted') return;
    expect(limiter.start(current.permit).answer).toBe('started');
    expect(limiter.start(stale.permit).answer).toBe('expired');
  });

  it('that settles a call from before a restart neither frees nor fills the window after it', () => {
    const limiter = createTestLimiter('events');
    const before = limiter.acquire('before', { start: true });
    if (before.answer !== 'started') throw new Error(before.answer);
    limiter.crash();
    limiter.pass(settings.sendWithin + budgetOf('events').callTimeout + settings.guard + cycle);
    limiter.call('after');
    limiter.settle(before.permit);
    expect(limiter.acquire('third').answer).toBe('waiting');
    limiter.pass(cycle);
    limiter.call('third', { requestedAt: 0 });
  });
});

describe('a lost limiter', () => {
  it('that resumes after its lease ended commits nothing', () => {
    const arrivals = arrivalsOf(
      withIncidents(
        callersEvery(second, 25),
        { after: 5 * second, kind: 'limiter freezes', forMs: 30 * second },
        { after: 2 * second, kind: 'limiter is replaced' },
      ),
    );
    expect(arrivals).toHaveLength(25);
    expect(maxInWindow(arrivals, minute)).toBeLessThanOrEqual(5);
  });

  it('that is lost repeatedly loses no request: every caller gets to call', () => {
    const history = withIncidents(
      callersEvery(second, 20),
      ...Array.from({ length: 6 }, (): Incident => ({
        after: 20 * second,
        kind: 'limiter dies',
        death: 'before the append',
        downFor: 2 * second,
      })),
    );
    const { arrivals, ends } = runHistory(history);
    expect([...ends.values()]).toEqual(Array.from({ length: 20 }, () => 'called'));
    expect(maxInWindow([...arrivals.values()], minute)).toBeLessThanOrEqual(5);
  });

  it('restores its counted calls and the pause that upstream named', () => {
    const limiter = createTestLimiter('events');
    limiter.call('rejected', {}, { result: 'answered', status: 429, retryAfterMs: 90 * second });
    limiter.crash();
    limiter.pass(cycle + 20 * second);
    expect(limiter.acquire('eager')).toMatchObject({ answer: 'waiting', reason: 'paused_by_upstream' });
  });
});

describe('failed calls', () => {
  it('count like successful ones, since upstream counts them too', () => {
    const limiter = createTestLimiter('events');
    limiter.call('fails', {}, { result: 'answered', status: 503 });
    expect(limiter.acquire('again').answer).toBe('waiting');
  });

  it('rejected with 429 are followed by a single probe at the time upstream named', () => {
    const limiter = createTestLimiter('riders_single');
    limiter.call('rejected', {}, { result: 'answered', status: 429, retryAfterMs: 30 * second });
    for (let index = 0; index < 4; index += 1) limiter.request(`t${index}`);
    limiter.pass(30 * second - 1);
    expect(limiter.acquire('t0').answer).toBe('waiting');
    limiter.pass(1 + settings.epsilon + settings.probeJitter);
    const { replies } = limiter.take(
      ...['t0', 't1', 't2', 't3'].map((ticket) => limiter.acquireRequest(ticket)),
    );
    expect(replies.filter(({ answer }) => answer === 'granted')).toHaveLength(1);
  });
});
