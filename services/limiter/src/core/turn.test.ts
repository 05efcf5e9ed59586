import { describe, expect, it } from 'vitest';
import { Superseded } from './ledger.ts';
import { createTestLimiter, forgetAfter, settings } from './testing.ts';
import { coordination } from './views.ts';

const second = 1_000;
const minute = 60 * second;

describe('a window', () => {
  it('lets N calls through and gives the next one its time', () => {
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

  it('counts from the answer, not from the start: a slow call moves the next one back', () => {
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

  it('lasts as much longer as the owner’s clock may be behind: the next owner’s may not be', () => {
    const limiter = createTestLimiter('signups', { ...settings, clockLag: 300 });
    limiter.call('a');
    limiter.pass(minute + settings.epsilon + 299);
    expect(limiter.acquire('b').answer).toBe('waiting');
    limiter.pass(1);
    expect(limiter.acquire('b').answer).toBe('granted');
  });

  it('assumes the worst of a call that nobody settles, and no worse', () => {
    const limiter = createTestLimiter('signups');
    const granted = limiter.acquire('dies');
    if (granted.answer !== 'granted') throw new Error('no permit');
    limiter.start(granted.permit);
    const worst = settings.sendWithin + settings.callTimeout.signups + settings.guard;
    limiter.pass(worst + minute);
    expect(limiter.acquire('next').answer).toBe('waiting');
    limiter.pass(settings.epsilon);
    expect(limiter.acquire('next').answer).toBe('granted');
  });

  it('is not charged for a holder that dies before it starts', () => {
    const limiter = createTestLimiter('clubs');
    expect(limiter.acquire('dies').answer).toBe('granted');
    expect(limiter.acquire('next').answer).toBe('waiting');
    limiter.pass(settings.startWithin);
    expect(limiter.acquire('next').answer).toBe('granted');
  });

  it('is not charged for a call that was never sent', () => {
    const limiter = createTestLimiter('clubs');
    limiter.call('changed its mind', {}, { result: 'not_sent' });
    expect(limiter.acquire('next').answer).toBe('granted');
  });

  it('is remembered after a crash at any point', () => {
    const limiter = createTestLimiter('clubs');
    limiter.call('a');
    limiter.crash();
    expect(limiter.acquire('b').answer).toBe('waiting');
  });
});

describe('a permit', () => {
  it('is started once, however often its holder asks', () => {
    const limiter = createTestLimiter('clubs');
    const granted = limiter.acquire('a');
    if (granted.answer !== 'granted') throw new Error('no permit');
    expect(limiter.start(granted.permit).answer).toBe('started');
    limiter.crash();
    expect(limiter.start(granted.permit).answer).toBe('started');
    expect(limiter.facts.filter(({ fact }) => fact === 'started')).toHaveLength(1);
  });

  it('that was granted before a crash is gone after it, and a late start is told so', () => {
    const limiter = createTestLimiter('clubs');
    const granted = limiter.acquire('a');
    if (granted.answer !== 'granted') throw new Error('no permit');
    limiter.crash();
    expect(limiter.acquire('b').answer).toBe('granted');
    expect(limiter.start(granted.permit)).toEqual({ answer: 'expired' });
  });

  it('that expired is not granted to two', () => {
    const limiter = createTestLimiter('clubs');
    const first = limiter.acquire('a');
    if (first.answer !== 'granted') throw new Error('no permit');
    limiter.pass(settings.startWithin);
    const second_ = limiter.acquire('b');
    if (second_.answer !== 'granted') throw new Error('no permit');
    expect(limiter.start(first.permit).answer).toBe('expired');
    expect(limiter.start(second_.permit).answer).toBe('started');
  });

  it('is settled once: a repeated settle changes nothing', () => {
    const limiter = createTestLimiter('signups');
    const permit = limiter.call('a');
    limiter.pass(30 * second);
    expect(limiter.settle(permit).facts).toEqual([]);
    limiter.pass(31 * second);
    expect(limiter.acquire('b').answer).toBe('granted');
  });

  it('that is free is started in the same breath, when its asker wants that: the same answer when asked again', () => {
    const limiter = createTestLimiter('clubs');
    const started = limiter.acquire('a', { start: true });
    expect(started).toMatchObject({ answer: 'started', sendBy: settings.sendWithin });
    expect(limiter.acquire('a', { start: true })).toEqual(started);
    limiter.crash();
    expect(limiter.acquire('a')).toEqual(started);
    expect(limiter.facts.map(({ fact }) => fact)).toEqual(['started']);
  });

  it('has less time left to be sent the longer ago it was booked, whichever ask of its asker did that', () => {
    const limiter = createTestLimiter('clubs');
    const granted = limiter.acquire('a');
    if (granted.answer !== 'granted') throw new Error('no permit');
    // Its first ask, which was delayed on its way, comes after the second.
    limiter.acquire('a', { start: true });
    limiter.pass(settings.sendWithin - 1);
    expect(limiter.start(granted.permit)).toMatchObject({ answer: 'started', sendBy: 1 });
    limiter.pass(minute);
    expect(limiter.start(granted.permit)).toMatchObject({ answer: 'started', sendBy: 0 });
    expect(limiter.acquire('a', { start: true })).toMatchObject({ answer: 'started', sendBy: 0 });
  });

  it('that was started in the same breath is given back by who gave up before it was answered', () => {
    const limiter = createTestLimiter('clubs');
    limiter.acquire('a', { start: true });
    limiter.acquire('b');
    expect(limiter.cancel('a').offers.map(({ offer }) => offer.ticket)).toEqual(['b']);
  });

  it('is not started behind the back of who had to wait for it', () => {
    const limiter = createTestLimiter('clubs');
    const held = limiter.acquire('a');
    if (held.answer !== 'granted') throw new Error('no permit');
    expect(limiter.acquire('b', { start: true }).answer).toBe('waiting');
    const { offers } = limiter.cancel('a');
    expect(offers.map(({ offer }) => offer.ticket)).toEqual(['b']);
    expect(limiter.facts).toEqual([]);
  });

  it('is nobody’s whose ticket ends like the one that it was started for', () => {
    const limiter = createTestLimiter('riders_single');
    const started = limiter.acquire('team-1', { start: true });
    expect(limiter.acquire('1', { start: true })).not.toEqual(started);
    const before = limiter.facts.length;
    limiter.cancel('eam-1');
    expect(limiter.facts).toHaveLength(before);
  });

  it('given back goes to who waits', () => {
    const limiter = createTestLimiter('clubs');
    limiter.acquire('a');
    limiter.acquire('b');
    expect(limiter.cancel('a').offers.map(({ offer }) => offer.ticket)).toEqual(['b']);
  });
});

describe('the line', () => {
  type Asking = readonly [
    ticket: string,
    more: Parameters<ReturnType<typeof createTestLimiter>['acquire']>[1],
  ];

  /** The order in which they go, when all asked while the window was full and ask again every second. */
  const orderOf = (asks: readonly Asking[]): string[] => {
    const limiter = createTestLimiter('signups');
    limiter.call('first');
    const requestedAt = limiter.now();
    const gone: string[] = [];
    while (gone.length < asks.length) {
      for (const [ticket, more] of asks) {
        if (gone.includes(ticket)) continue;
        const answer = limiter.acquire(ticket, { requestedAt, ...more });
        if (answer.answer !== 'granted') continue;
        limiter.start(answer.permit);
        limiter.settle(answer.permit);
        gone.push(ticket);
      }
      limiter.pass(second);
    }
    return gone;
  };

  it('goes by lane: a person, then a race that starts, then the scheduled syncs', () => {
    const order = orderOf([
      ['far', { lane: 'far_event_sync' }],
      ['rider', { lane: 'rider_sync' }],
      ['near', { lane: 'near_event_normal' }],
      ['urgent', { lane: 'near_event_urgent' }],
      ['manual', { lane: 'manual_rider_add' }],
    ]);
    expect(order).toEqual(['manual', 'urgent', 'near', 'rider', 'far']);
  });

  it('lets a sync in its own slot go before other syncs, never before a person', () => {
    const order = orderOf([
      ['near', { lane: 'near_event_normal' }],
      ['far in its slot', { lane: 'far_event_sync', slotId: 'slot:far:x' }],
      ['urgent', { lane: 'near_event_urgent' }],
      ['manual', { lane: 'manual_rider_add' }],
    ]);
    expect(order).toEqual(['manual', 'urgent', 'far in its slot', 'near']);
  });

  it('takes an ask of the future for one of now: a clock that is ahead costs no place', () => {
    const limiter = createTestLimiter('events');
    limiter.call('before');
    limiter.ask('ahead', { requestedAt: limiter.now() + 5 * 3_600_000 });
    limiter.pass(1);
    limiter.ask('later');
    expect(limiter.acquire('ahead', { requestedAt: limiter.now() + 5 * 3_600_000 })).toMatchObject({
      ahead: 0,
    });
  });

  it('starves nobody: an ask that is an hour old goes before any new one', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('first');
    const old = limiter.now() - 61 * minute;
    limiter.acquire('manual', { lane: 'manual_rider_add' });
    expect(limiter.acquire('far', { requestedAt: old })).toMatchObject({ position: 1 });
    expect(limiter.acquire('manual')).toMatchObject({ position: 2, ahead: 1, reason: 'waiting_in_line' });
  });

  it('is the same after a crash, when those who wait ask again', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('first');
    const askedAt = limiter.now();
    limiter.acquire('early', { requestedAt: askedAt });
    limiter.acquire('late', { requestedAt: askedAt + 1 });
    limiter.crash();
    limiter.acquire('late', { requestedAt: askedAt + 1 });
    expect(limiter.acquire('early', { requestedAt: askedAt })).toMatchObject({ position: 1 });
  });

  it('is not joined by who only looks', () => {
    const limiter = createTestLimiter('signups');
    coordination(limiter.ledger(), 'a stranger', limiter.now());
    expect(limiter.ledger().budgets.size).toBe(0);
  });

  it('forgets a ticket that nobody asks for any more', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('first');
    limiter.acquire('gone', { lane: 'manual_rider_add' });
    limiter.pass(minute + settings.epsilon);
    expect(limiter.acquire('still here').answer).toBe('granted');
  });

  it('refuses a deadline that nothing can meet, and says which one could be', () => {
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

  it('does not refuse because a call that is still open might take long', () => {
    const limiter = createTestLimiter('signups');
    const granted = limiter.acquire('open');
    if (granted.answer !== 'granted') throw new Error('no permit');
    limiter.start(granted.permit);
    expect(limiter.acquire('a', { deadline: limiter.now() + minute + settings.epsilon }).answer).toBe(
      'waiting',
    );
  });

  it('reports a conflict once for each wait', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('first', { lane: 'near_event_normal' });
    expect(limiter.ask('far').conflicts).toMatchObject([
      { lane: 'far_event_sync', blockedBy: 'near_event_normal' },
    ]);
    expect(limiter.ask('far').conflicts).toEqual([]);
    expect(limiter.ask('near', { lane: 'near_event_normal' }).conflicts).toEqual([]);
    expect(limiter.ask('urgent', { lane: 'near_event_urgent' }).conflicts).toEqual([]);
  });
});

describe('one turn', () => {
  it('hears everybody before it serves anybody: the most urgent goes first, not who was heard first', () => {
    const limiter = createTestLimiter('signups');
    const turn = limiter.take(
      limiter.acquireAsk('far'),
      limiter.acquireAsk('manual', { lane: 'manual_rider_add' }),
      limiter.acquireAsk('near', { lane: 'near_event_normal' }),
    );
    expect(turn.answers.map(({ answer }) => answer)).toEqual(['waiting', 'granted', 'waiting']);
    expect(turn.offers).toEqual([]);
  });

  it('after a restart grants nothing until those who waited had time to ask again', () => {
    const limiter = createTestLimiter('signups');
    limiter.crash(2 * second);
    expect(limiter.acquire('far').answer).toBe('waiting');
    limiter.acquire('manual', { lane: 'manual_rider_add' });
    limiter.pass(2 * second);
    expect(limiter.acquire('manual').answer).toBe('granted');
  });

  it('keeps a line of those who are still there: the dead make nobody wait', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('first');
    for (let count = 0; count < 30; count += 1)
      limiter.acquire(`dead ${count}`, { lane: 'manual_rider_add' });
    limiter.pass(forgetAfter);
    const answer = limiter.acquire('alive', {
      lane: 'manual_rider_add',
      deadline: limiter.now() + 5 * minute,
    });
    expect(answer).toMatchObject({ answer: 'waiting', position: 1 });
  });

  it('is not taken by a limiter that learns that another has claimed its partition', () => {
    const limiter = createTestLimiter('signups');
    expect(() => limiter.start('2-1-ticket')).toThrow(Superseded);
    expect(() => limiter.settle('2-1-ticket')).toThrow(Superseded);
    expect(limiter.start('0-1-ticket').answer).toBe('expired');
  });
});

describe('the alarm', () => {
  it('goes off when a window has moved on, and whoever is first is offered its permit', () => {
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

  it('is not set when nobody waits', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('a');
    expect(limiter.alarmIn()).toBeUndefined();
  });
});

describe('a call that nobody settled', () => {
  it('promises its place for no later than the worst that was assumed of it', () => {
    const limiter = createTestLimiter('clubs');
    const granted = limiter.acquire('dies');
    if (granted.answer !== 'granted') throw new Error('no permit');
    limiter.start(granted.permit);
    limiter.pass(55 * minute);
    const free =
      1_000_000_000 + settings.sendWithin + settings.callTimeout.clubs + settings.guard + 60 * minute;
    expect(limiter.acquire('next')).toMatchObject({ estimatedAt: free + settings.epsilon });
  });

  it('and is settled late counts from its own time, not from now', () => {
    const limiter = createTestLimiter('clubs');
    const granted = limiter.acquire('slow');
    if (granted.answer !== 'granted') throw new Error('no permit');
    limiter.start(granted.permit);
    limiter.pass(180 * minute);
    limiter.settle(granted.permit);
    expect(limiter.acquire('next').answer).toBe('granted');
  });
});
