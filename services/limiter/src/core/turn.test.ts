import { describe, expect, it } from 'vitest';
import { LaterClaimSeen } from './ledger.ts';
import { budgetOf, createTestLimiter, expiresAfter, settings } from './testing.ts';
import { coordination } from './views.ts';

const second = 1_000;
const minute = 60 * second;

describe('a window', () => {
  it('lets N calls through and estimates the next one', () => {
    const limiter = createTestLimiter('riders_single');
    for (const ticket of ['a', 'b', 'c', 'd', 'e']) limiter.call(ticket);
    expect(limiter.acquire('f')).toMatchObject({
      answer: 'waiting',
      position: 1,
      reason: 'waiting_for_window',
      estimatedAt: limiter.now() + minute + settings.epsilon,
    });
    limiter.pass(minute + settings.epsilon);
    expect(limiter.acquire('f').answer).toBe('granted');
  });

  it('counts from the answer, so that a slow call delays the next one', () => {
    const limiter = createTestLimiter('signups');
    const granted = limiter.acquire('slow');
    if (granted.answer !== 'granted') throw new Error('no permit');
    limiter.start(granted.permit);
    limiter.pass(20 * second);
    limiter.settle(granted.permit);
    limiter.pass(minute);
    expect(limiter.acquire('next').answer).toBe('waiting');
    limiter.pass(settings.epsilon);
    expect(limiter.acquire('next').answer).toBe('granted');
  });

  it('is longer by the clock lag, since the next owner’s clock may not lag', () => {
    const limiter = createTestLimiter('signups', { ...settings, clockLag: 300 });
    limiter.call('a');
    limiter.pass(minute + settings.epsilon + 299);
    expect(limiter.acquire('b').answer).toBe('waiting');
    limiter.pass(1);
    expect(limiter.acquire('b').answer).toBe('granted');
  });

  it('counts an unsettled call until its latest possible arrival, and no longer', () => {
    const limiter = createTestLimiter('signups');
    const granted = limiter.acquire('dies');
    if (granted.answer !== 'granted') throw new Error('no permit');
    limiter.start(granted.permit);
    const worst = settings.sendWithin + budgetOf('signups').callTimeout + settings.guard;
    limiter.pass(worst + minute);
    expect(limiter.acquire('next').answer).toBe('waiting');
    limiter.pass(settings.epsilon);
    expect(limiter.acquire('next').answer).toBe('granted');
  });

  it('does not count a permit whose client dies before it starts', () => {
    const limiter = createTestLimiter('clubs');
    expect(limiter.acquire('dies').answer).toBe('granted');
    expect(limiter.acquire('next').answer).toBe('waiting');
    limiter.pass(settings.startWithin);
    expect(limiter.acquire('next').answer).toBe('granted');
  });

  it('does not count a call that was never sent', () => {
    const limiter = createTestLimiter('clubs');
    limiter.call('changed its mind', {}, { result: 'not_sent' });
    expect(limiter.acquire('next').answer).toBe('granted');
  });

  it('still counts its calls after a crash', () => {
    const limiter = createTestLimiter('clubs');
    limiter.call('a');
    limiter.crash();
    expect(limiter.acquire('b').answer).toBe('waiting');
  });
});

describe('a permit', () => {
  it('is started once, however often the start is repeated', () => {
    const limiter = createTestLimiter('clubs');
    const granted = limiter.acquire('a');
    if (granted.answer !== 'granted') throw new Error('no permit');
    expect(limiter.start(granted.permit).answer).toBe('started');
    limiter.crash();
    expect(limiter.start(granted.permit).answer).toBe('started');
    expect(limiter.facts.filter(({ fact }) => fact === 'started')).toHaveLength(1);
  });

  it('expires with a crash if it was granted but not started', () => {
    const limiter = createTestLimiter('clubs');
    const granted = limiter.acquire('a');
    if (granted.answer !== 'granted') throw new Error('no permit');
    limiter.crash();
    expect(limiter.acquire('b').answer).toBe('granted');
    expect(limiter.start(granted.permit)).toEqual({ answer: 'expired' });
  });

  it('cannot be started once it expired and was granted again', () => {
    const limiter = createTestLimiter('clubs');
    const first = limiter.acquire('a');
    if (first.answer !== 'granted') throw new Error('no permit');
    limiter.pass(settings.startWithin);
    const next = limiter.acquire('b');
    if (next.answer !== 'granted') throw new Error('no permit');
    expect(limiter.start(first.permit).answer).toBe('expired');
    expect(limiter.start(next.permit).answer).toBe('started');
  });

  it('is settled once: a repeated settle changes nothing', () => {
    const limiter = createTestLimiter('signups');
    const permit = limiter.call('a');
    limiter.pass(30 * second);
    expect(limiter.settle(permit).facts).toEqual([]);
    limiter.pass(31 * second);
    expect(limiter.acquire('b').answer).toBe('granted');
  });

  it('says what is left of its windows, if it is asked', () => {
    const limiter = createTestLimiter('riders_single');
    expect(limiter.acquire('a', { start: true })).not.toHaveProperty('left');
    expect(limiter.acquire('b', { start: true, left: true })).toMatchObject({
      left: [{ budget: 'riders_single', policy: { limit: 5 }, available: 3, freeAt: null }],
    });
    for (const ticket of ['c', 'd']) limiter.acquire(ticket, { start: true });
    const last = limiter.acquire('e', { start: true, left: true });
    expect(last).toMatchObject({ left: [{ available: 0, freeAt: expect.any(Number) }] });
  });

  it('is started with the acquire on request, and a repeated acquire gets the same reply', () => {
    const limiter = createTestLimiter('clubs');
    const started = limiter.acquire('a', { start: true });
    expect(started).toMatchObject({ answer: 'started', sendBy: settings.sendWithin });
    expect(limiter.acquire('a', { start: true })).toEqual(started);
    limiter.crash();
    expect(limiter.acquire('a')).toEqual(started);
    expect(limiter.facts.map(({ fact }) => fact)).toEqual(['started']);
  });

  it('leaves less time to send the longer ago it was started, whichever request started it', () => {
    const limiter = createTestLimiter('clubs');
    const granted = limiter.acquire('a');
    if (granted.answer !== 'granted') throw new Error('no permit');
    // The first request was delayed, and arrives after the second.
    limiter.acquire('a', { start: true });
    limiter.pass(settings.sendWithin - 1);
    expect(limiter.start(granted.permit)).toMatchObject({ answer: 'started', sendBy: 1 });
    limiter.pass(minute);
    expect(limiter.start(granted.permit)).toMatchObject({ answer: 'started', sendBy: 0 });
    expect(limiter.acquire('a', { start: true })).toMatchObject({ answer: 'started', sendBy: 0 });
  });

  it('is returned by a cancel when it was started with the acquire', () => {
    const limiter = createTestLimiter('clubs');
    limiter.acquire('a', { start: true });
    limiter.acquire('b');
    expect(limiter.cancel('a').offers.map(({ offer }) => offer.ticket)).toEqual(['b']);
  });

  it('is granted but not started when its client had to wait for it', () => {
    const limiter = createTestLimiter('clubs');
    const held = limiter.acquire('a');
    if (held.answer !== 'granted') throw new Error('no permit');
    expect(limiter.acquire('b', { start: true }).answer).toBe('waiting');
    const { offers } = limiter.cancel('a');
    expect(offers.map(({ offer }) => offer.ticket)).toEqual(['b']);
    expect(limiter.facts).toEqual([]);
  });

  it('does not belong to a ticket that is a suffix of its own ticket', () => {
    const limiter = createTestLimiter('riders_single');
    const started = limiter.acquire('team-1', { start: true });
    expect(limiter.acquire('1', { start: true })).not.toEqual(started);
    const before = limiter.facts.length;
    limiter.cancel('eam-1');
    expect(limiter.facts).toHaveLength(before);
  });

  it('goes to the next waiter when it is returned', () => {
    const limiter = createTestLimiter('clubs');
    limiter.acquire('a');
    limiter.acquire('b');
    expect(limiter.cancel('a').offers.map(({ offer }) => offer.ticket)).toEqual(['b']);
  });
});

describe('the queue', () => {
  type Entry = readonly [
    ticket: string,
    more: Parameters<ReturnType<typeof createTestLimiter>['acquire']>[1],
  ];

  /** The order of calls when all requests arrived while the window was full and are repeated every second. */
  const orderOf = (entries: readonly Entry[]): string[] => {
    const limiter = createTestLimiter('signups');
    limiter.call('first');
    const requestedAt = limiter.now();
    const called: string[] = [];
    while (called.length < entries.length) {
      for (const [ticket, more] of entries) {
        if (called.includes(ticket)) continue;
        const answer = limiter.acquire(ticket, { requestedAt, ...more });
        if (answer.answer !== 'granted') continue;
        limiter.start(answer.permit);
        limiter.settle(answer.permit);
        called.push(ticket);
      }
      limiter.pass(second);
    }
    return called;
  };

  it('orders lanes: a person, then a race about to start, then the scheduled syncs', () => {
    const order = orderOf([
      ['far', { lane: 'far_event_sync' }],
      ['rider', { lane: 'rider_sync' }],
      ['near', { lane: 'near_event_normal' }],
      ['urgent', { lane: 'near_event_urgent' }],
      ['manual', { lane: 'manual_rider_add' }],
    ]);
    expect(order).toEqual(['manual', 'urgent', 'near', 'rider', 'far']);
  });

  it('puts a sync in its own slot before other syncs, but never before a forced lane', () => {
    const order = orderOf([
      ['near', { lane: 'near_event_normal' }],
      ['far in its slot', { lane: 'far_event_sync', slotId: 'slot:far:x' }],
      ['urgent', { lane: 'near_event_urgent' }],
      ['manual', { lane: 'manual_rider_add' }],
    ]);
    expect(order).toEqual(['manual', 'urgent', 'far in its slot', 'near']);
  });

  it('treats a request time in the future as now, so that a client whose clock is ahead keeps its place', () => {
    const limiter = createTestLimiter('events');
    limiter.call('before');
    limiter.request('ahead', { requestedAt: limiter.now() + 5 * 3_600_000 });
    limiter.pass(1);
    limiter.request('later');
    expect(limiter.acquire('ahead', { requestedAt: limiter.now() + 5 * 3_600_000 })).toMatchObject({
      ahead: 0,
    });
  });

  it('puts a request that is an hour old before any new one', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('first');
    const old = limiter.now() - 61 * minute;
    limiter.acquire('manual', { lane: 'manual_rider_add' });
    expect(limiter.acquire('far', { requestedAt: old })).toMatchObject({ position: 1 });
    expect(limiter.acquire('manual')).toMatchObject({ position: 2, ahead: 1, reason: 'waiting_in_line' });
  });

  it('is the same after a crash, once waiting requests are repeated', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('first');
    const cameAt = limiter.now();
    limiter.acquire('early', { requestedAt: cameAt });
    limiter.acquire('late', { requestedAt: cameAt + 1 });
    limiter.crash();
    limiter.acquire('late', { requestedAt: cameAt + 1 });
    expect(limiter.acquire('early', { requestedAt: cameAt })).toMatchObject({ position: 1 });
  });

  it('does not create a budget for a status query', () => {
    const limiter = createTestLimiter('signups');
    coordination(limiter.ledger(), 'a stranger', limiter.now());
    expect(limiter.ledger().pools.size).toBe(0);
  });

  it('drops a ticket that is no longer repeated', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('first');
    limiter.acquire('expired', { lane: 'manual_rider_add' });
    limiter.pass(minute + settings.epsilon);
    expect(limiter.acquire('next').answer).toBe('granted');
  });

  it('refuses a deadline that cannot be met, with the earliest that can', () => {
    const limiter = createTestLimiter('clubs');
    limiter.call('first');
    const answer = limiter.acquire('a', { deadline: limiter.now() + 10 * minute });
    expect(answer).toEqual({
      answer: 'refused',
      reason: 'deadline_unreachable',
      earliest: limiter.now() + 60 * minute + settings.epsilon,
    });
    expect(limiter.acquire('b')).toMatchObject({ position: 1 });
  });

  it('does not refuse a deadline because an open call might take long', () => {
    const limiter = createTestLimiter('signups');
    const granted = limiter.acquire('open');
    if (granted.answer !== 'granted') throw new Error('no permit');
    limiter.start(granted.permit);
    expect(limiter.acquire('a', { deadline: limiter.now() + minute + settings.epsilon }).answer).toBe(
      'waiting',
    );
  });
});

describe('a turn', () => {
  it('receives all requests before it grants any, so that the most urgent goes first', () => {
    const limiter = createTestLimiter('signups');
    const turn = limiter.take(
      limiter.acquireRequest('far'),
      limiter.acquireRequest('manual', { lane: 'manual_rider_add' }),
      limiter.acquireRequest('near', { lane: 'near_event_normal' }),
    );
    expect(turn.replies.map(({ answer }) => answer)).toEqual(['waiting', 'granted', 'waiting']);
    expect(turn.offers).toEqual([]);
  });

  it('grants nothing after a restart until waiting requests could be repeated', () => {
    const limiter = createTestLimiter('signups');
    limiter.crash(2 * second);
    expect(limiter.acquire('far').answer).toBe('waiting');
    limiter.acquire('manual', { lane: 'manual_rider_add' });
    limiter.pass(2 * second);
    expect(limiter.acquire('manual').answer).toBe('granted');
  });

  it('drops waiters without heartbeats, so that dead clients delay no one', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('first');
    for (let count = 0; count < 30; count += 1)
      limiter.acquire(`dead ${count}`, { lane: 'manual_rider_add' });
    limiter.pass(expiresAfter);
    const answer = limiter.acquire('alive', {
      lane: 'manual_rider_add',
      deadline: limiter.now() + 5 * minute,
    });
    expect(answer).toMatchObject({ answer: 'waiting', position: 1 });
  });

  it('fails when a permit shows that another limiter has claimed the partition', () => {
    const limiter = createTestLimiter('signups');
    expect(() => limiter.start('2-1-ticket')).toThrow(LaterClaimSeen);
    expect(() => limiter.settle('2-1-ticket')).toThrow(LaterClaimSeen);
    expect(limiter.start('0-1-ticket').answer).toBe('expired');
  });
});

describe('the alarm', () => {
  it('is due when a call leaves the window, and the next waiter gets an offer', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('a');
    limiter.acquire('b');
    while (limiter.alarmIn() !== undefined) {
      limiter.acquire('b');
      limiter.pass(Math.min(second, limiter.alarmIn() ?? 0));
      const [offered] = limiter.take().offers;
      if (!offered) continue;
      expect(offered.offer.ticket).toBe('b');
      break;
    }
    expect(limiter.now()).toBe(1_000_000_000 + minute + settings.epsilon);
  });

  it('is not set while no request waits', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('a');
    expect(limiter.alarmIn()).toBeUndefined();
  });
});

describe('a call that is not settled', () => {
  it('delays estimates at most until its latest possible arrival', () => {
    const limiter = createTestLimiter('clubs');
    const granted = limiter.acquire('dies');
    if (granted.answer !== 'granted') throw new Error('no permit');
    limiter.start(granted.permit);
    limiter.pass(55 * minute);
    const free =
      1_000_000_000 + settings.sendWithin + budgetOf('clubs').callTimeout + settings.guard + 60 * minute;
    expect(limiter.acquire('next')).toMatchObject({ estimatedAt: free + settings.epsilon });
  });

  it('counts from its own start, not from a late settle', () => {
    const limiter = createTestLimiter('clubs');
    const granted = limiter.acquire('slow');
    if (granted.answer !== 'granted') throw new Error('no permit');
    limiter.start(granted.permit);
    limiter.pass(180 * minute);
    limiter.settle(granted.permit);
    expect(limiter.acquire('next').answer).toBe('granted');
  });
});
