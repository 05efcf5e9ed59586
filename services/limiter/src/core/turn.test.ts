import { describe, expect, it } from 'vitest';
import { Superseded } from './ledger.ts';
import { createDesk, forgetAfter, settings } from './testing.ts';
import { coordination } from './views.ts';

const second = 1_000;
const minute = 60 * second;

describe('a window', () => {
  it('lets N calls through and gives the next one its time', () => {
    const desk = createDesk('riders_single');
    for (const ticket of ['a', 'b', 'c', 'd', 'e']) desk.call(ticket);
    expect(desk.acquire('f')).toMatchObject({
      answer: 'waiting',
      position: 1,
      reason: 'waiting_for_window',
      estimatedAt: desk.now() + minute + settings.epsilon,
    });
    desk.pass(minute + settings.epsilon);
    expect(desk.acquire('f').answer).toBe('granted');
  });

  it('counts from the answer, not from the start: a slow call moves the next one back', () => {
    const desk = createDesk('signups');
    const granted = desk.acquire('slow');
    if (granted.answer !== 'granted') throw new Error('no permit');
    desk.start(granted.permit);
    desk.pass(20 * second);
    desk.settle(granted.permit);
    desk.pass(minute);
    expect(desk.acquire('next').answer).toBe('waiting');
    desk.pass(settings.epsilon);
    expect(desk.acquire('next').answer).toBe('granted');
  });

  it('lasts as much longer as the owner’s clock may be behind: the next owner’s may not be', () => {
    const desk = createDesk('signups', { ...settings, clockLag: 300 });
    desk.call('a');
    desk.pass(minute + settings.epsilon + 299);
    expect(desk.acquire('b').answer).toBe('waiting');
    desk.pass(1);
    expect(desk.acquire('b').answer).toBe('granted');
  });

  it('assumes the worst of a call that nobody settles, and no worse', () => {
    const desk = createDesk('signups');
    const granted = desk.acquire('dies');
    if (granted.answer !== 'granted') throw new Error('no permit');
    desk.start(granted.permit);
    const worst = settings.sendWithin + settings.callTimeout.signups + settings.guard;
    desk.pass(worst + minute);
    expect(desk.acquire('next').answer).toBe('waiting');
    desk.pass(settings.epsilon);
    expect(desk.acquire('next').answer).toBe('granted');
  });

  it('is not charged for a holder that dies before it starts', () => {
    const desk = createDesk('clubs');
    expect(desk.acquire('dies').answer).toBe('granted');
    expect(desk.acquire('next').answer).toBe('waiting');
    desk.pass(settings.startWithin);
    expect(desk.acquire('next').answer).toBe('granted');
  });

  it('is not charged for a call that was never sent', () => {
    const desk = createDesk('clubs');
    desk.call('changed its mind', {}, { result: 'not_sent' });
    expect(desk.acquire('next').answer).toBe('granted');
  });

  it('is remembered after a crash at any point', () => {
    const desk = createDesk('clubs');
    desk.call('a');
    desk.crash();
    expect(desk.acquire('b').answer).toBe('waiting');
  });
});

describe('a permit', () => {
  it('is started once, however often its holder asks', () => {
    const desk = createDesk('clubs');
    const granted = desk.acquire('a');
    if (granted.answer !== 'granted') throw new Error('no permit');
    expect(desk.start(granted.permit).answer).toBe('started');
    desk.crash();
    expect(desk.start(granted.permit).answer).toBe('started');
    expect(desk.facts.filter(({ fact }) => fact === 'started')).toHaveLength(1);
  });

  it('that was granted before a crash is gone after it, and a late start is told so', () => {
    const desk = createDesk('clubs');
    const granted = desk.acquire('a');
    if (granted.answer !== 'granted') throw new Error('no permit');
    desk.crash();
    expect(desk.acquire('b').answer).toBe('granted');
    expect(desk.start(granted.permit)).toEqual({ answer: 'expired' });
  });

  it('that expired is not granted to two', () => {
    const desk = createDesk('clubs');
    const first = desk.acquire('a');
    if (first.answer !== 'granted') throw new Error('no permit');
    desk.pass(settings.startWithin);
    const second_ = desk.acquire('b');
    if (second_.answer !== 'granted') throw new Error('no permit');
    expect(desk.start(first.permit).answer).toBe('expired');
    expect(desk.start(second_.permit).answer).toBe('started');
  });

  it('is settled once: a repeated settle changes nothing', () => {
    const desk = createDesk('signups');
    const permit = desk.call('a');
    desk.pass(30 * second);
    expect(desk.settle(permit).facts).toEqual([]);
    desk.pass(31 * second);
    expect(desk.acquire('b').answer).toBe('granted');
  });

  it('that is free is started in the same breath, when its asker wants that: the same answer when asked again', () => {
    const desk = createDesk('clubs');
    const started = desk.acquire('a', { start: true });
    expect(started).toMatchObject({ answer: 'started', sendBy: settings.sendWithin });
    expect(desk.acquire('a', { start: true })).toEqual(started);
    desk.crash();
    expect(desk.acquire('a')).toEqual(started);
    expect(desk.facts.map(({ fact }) => fact)).toEqual(['started']);
  });

  it('has less time left to be sent the longer ago it was booked, whichever ask of its asker did that', () => {
    const desk = createDesk('clubs');
    const granted = desk.acquire('a');
    if (granted.answer !== 'granted') throw new Error('no permit');
    // Its first ask, which was delayed on its way, comes after the second.
    desk.acquire('a', { start: true });
    desk.pass(settings.sendWithin - 1);
    expect(desk.start(granted.permit)).toMatchObject({ answer: 'started', sendBy: 1 });
    desk.pass(minute);
    expect(desk.start(granted.permit)).toMatchObject({ answer: 'started', sendBy: 0 });
    expect(desk.acquire('a', { start: true })).toMatchObject({ answer: 'started', sendBy: 0 });
  });

  it('that was started in the same breath is given back by who gave up before it was answered', () => {
    const desk = createDesk('clubs');
    desk.acquire('a', { start: true });
    desk.acquire('b');
    expect(desk.cancel('a').offers.map(({ offer }) => offer.ticket)).toEqual(['b']);
  });

  it('is not started behind the back of who had to wait for it', () => {
    const desk = createDesk('clubs');
    const held = desk.acquire('a');
    if (held.answer !== 'granted') throw new Error('no permit');
    expect(desk.acquire('b', { start: true }).answer).toBe('waiting');
    const { offers } = desk.cancel('a');
    expect(offers.map(({ offer }) => offer.ticket)).toEqual(['b']);
    expect(desk.facts).toEqual([]);
  });

  it('is nobody’s whose ticket ends like the one that it was started for', () => {
    const desk = createDesk('riders_single');
    const started = desk.acquire('team-1', { start: true });
    expect(desk.acquire('1', { start: true })).not.toEqual(started);
    const before = desk.facts.length;
    desk.cancel('eam-1');
    expect(desk.facts).toHaveLength(before);
  });

  it('given back goes to who waits', () => {
    const desk = createDesk('clubs');
    desk.acquire('a');
    desk.acquire('b');
    expect(desk.cancel('a').offers.map(({ offer }) => offer.ticket)).toEqual(['b']);
  });
});

describe('the line', () => {
  type Asking = readonly [ticket: string, more: Parameters<ReturnType<typeof createDesk>['acquire']>[1]];

  /** The order in which they go, when all asked while the window was full and ask again every second. */
  const orderOf = (asks: readonly Asking[]): string[] => {
    const desk = createDesk('signups');
    desk.call('first');
    const firstAskedAt = desk.now();
    const gone: string[] = [];
    while (gone.length < asks.length) {
      for (const [ticket, more] of asks) {
        if (gone.includes(ticket)) continue;
        const answer = desk.acquire(ticket, { firstAskedAt, ...more });
        if (answer.answer !== 'granted') continue;
        desk.start(answer.permit);
        desk.settle(answer.permit);
        gone.push(ticket);
      }
      desk.pass(second);
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
    const desk = createDesk('events');
    desk.call('before');
    desk.ask('ahead', { firstAskedAt: desk.now() + 5 * 3_600_000 });
    desk.pass(1);
    desk.ask('later');
    expect(desk.acquire('ahead', { firstAskedAt: desk.now() + 5 * 3_600_000 })).toMatchObject({ ahead: 0 });
  });

  it('starves nobody: an ask that is an hour old goes before any new one', () => {
    const desk = createDesk('signups');
    desk.call('first');
    const old = desk.now() - 61 * minute;
    desk.acquire('manual', { lane: 'manual_rider_add' });
    expect(desk.acquire('far', { firstAskedAt: old })).toMatchObject({ position: 1 });
    expect(desk.acquire('manual')).toMatchObject({ position: 2, ahead: 1, reason: 'waiting_in_line' });
  });

  it('is the same after a crash, when those who wait ask again', () => {
    const desk = createDesk('signups');
    desk.call('first');
    const askedAt = desk.now();
    desk.acquire('early', { firstAskedAt: askedAt });
    desk.acquire('late', { firstAskedAt: askedAt + 1 });
    desk.crash();
    desk.acquire('late', { firstAskedAt: askedAt + 1 });
    expect(desk.acquire('early', { firstAskedAt: askedAt })).toMatchObject({ position: 1 });
  });

  it('is not joined by who only looks', () => {
    const desk = createDesk('signups');
    coordination(desk.ledger(), 'a stranger', desk.now());
    expect(desk.ledger().budgets.size).toBe(0);
  });

  it('forgets a ticket that nobody asks for any more', () => {
    const desk = createDesk('signups');
    desk.call('first');
    desk.acquire('gone', { lane: 'manual_rider_add' });
    desk.pass(minute + settings.epsilon);
    expect(desk.acquire('still here').answer).toBe('granted');
  });

  it('refuses a deadline that nothing can meet, and says which one could be', () => {
    const desk = createDesk('clubs');
    desk.call('first');
    const answer = desk.acquire('a', { deadline: desk.now() + 10 * minute });
    expect(answer).toEqual({
      answer: 'refused',
      reason: 'deadline_unreachable',
      earliest: desk.now() + 60 * minute + settings.epsilon,
    });
    expect(desk.acquire('b')).toMatchObject({ position: 1 });
  });

  it('does not refuse because a call that is still open might take long', () => {
    const desk = createDesk('signups');
    const granted = desk.acquire('open');
    if (granted.answer !== 'granted') throw new Error('no permit');
    desk.start(granted.permit);
    expect(desk.acquire('a', { deadline: desk.now() + minute + settings.epsilon }).answer).toBe('waiting');
  });

  it('reports a conflict once for each wait', () => {
    const desk = createDesk('signups');
    desk.call('first', { lane: 'near_event_normal' });
    expect(desk.ask('far').conflicts).toMatchObject([
      { lane: 'far_event_sync', blockedBy: 'near_event_normal' },
    ]);
    expect(desk.ask('far').conflicts).toEqual([]);
    expect(desk.ask('near', { lane: 'near_event_normal' }).conflicts).toEqual([]);
    expect(desk.ask('urgent', { lane: 'near_event_urgent' }).conflicts).toEqual([]);
  });
});

describe('one turn', () => {
  it('hears everybody before it serves anybody: the most urgent goes first, not who was heard first', () => {
    const desk = createDesk('signups');
    const turn = desk.take(
      desk.acquireAsk('far'),
      desk.acquireAsk('manual', { lane: 'manual_rider_add' }),
      desk.acquireAsk('near', { lane: 'near_event_normal' }),
    );
    expect(turn.answers.map(({ answer }) => answer)).toEqual(['waiting', 'granted', 'waiting']);
    expect(turn.offers).toEqual([]);
  });

  it('after a restart grants nothing until those who waited had time to ask again', () => {
    const desk = createDesk('signups');
    desk.crash(2 * second);
    expect(desk.acquire('far').answer).toBe('waiting');
    desk.acquire('manual', { lane: 'manual_rider_add' });
    desk.pass(2 * second);
    expect(desk.acquire('manual').answer).toBe('granted');
  });

  it('keeps a line of those who are still there: the dead make nobody wait', () => {
    const desk = createDesk('signups');
    desk.call('first');
    for (let count = 0; count < 30; count += 1) desk.acquire(`dead ${count}`, { lane: 'manual_rider_add' });
    desk.pass(forgetAfter);
    const answer = desk.acquire('alive', { lane: 'manual_rider_add', deadline: desk.now() + 5 * minute });
    expect(answer).toMatchObject({ answer: 'waiting', position: 1 });
  });

  it('is not taken by a limiter that learns that another has claimed its partition', () => {
    const desk = createDesk('signups');
    expect(() => desk.start('2-1-ticket')).toThrow(Superseded);
    expect(() => desk.settle('2-1-ticket')).toThrow(Superseded);
    expect(desk.start('0-1-ticket').answer).toBe('expired');
  });
});

describe('the alarm', () => {
  it('goes off when a window has moved on, and whoever is first is offered its permit', () => {
    const desk = createDesk('signups');
    desk.call('a');
    desk.acquire('b');
    while (desk.alarmIn() !== undefined) {
      desk.acquire('b');
      desk.pass(Math.min(second, desk.alarmIn() ?? 0));
      const [offered] = desk.take().offers;
      if (!offered) continue;
      expect(offered.offer.ticket).toBe('b');
      break;
    }
    expect(desk.now()).toBe(1_000_000_000 + minute + settings.epsilon);
  });

  it('is not set when nobody waits', () => {
    const desk = createDesk('signups');
    desk.call('a');
    expect(desk.alarmIn()).toBeUndefined();
  });
});

describe('a call that nobody settled', () => {
  it('promises its place for no later than the worst that was assumed of it', () => {
    const desk = createDesk('clubs');
    const granted = desk.acquire('dies');
    if (granted.answer !== 'granted') throw new Error('no permit');
    desk.start(granted.permit);
    desk.pass(55 * minute);
    const free =
      1_000_000_000 + settings.sendWithin + settings.callTimeout.clubs + settings.guard + 60 * minute;
    expect(desk.acquire('next')).toMatchObject({ estimatedAt: free + settings.epsilon });
  });

  it('and is settled late counts from its own time, not from now', () => {
    const desk = createDesk('clubs');
    const granted = desk.acquire('slow');
    if (granted.answer !== 'granted') throw new Error('no permit');
    desk.start(granted.permit);
    desk.pass(180 * minute);
    desk.settle(granted.permit);
    expect(desk.acquire('next').answer).toBe('granted');
  });
});

describe('what an operator sees', () => {
  it('is how full each window is, when the next call is free, and who waits', () => {
    const desk = createDesk('signups');
    desk.call('a');
    desk.acquire('b');
    desk.pass(10 * second);
    const { rateLimitUsage, queue } = coordination(desk.ledger(), 'team', desk.now());
    expect(rateLimitUsage.signups).toEqual({
      used: 1,
      available: 0,
      resetAt: desk.now() + 50 * second + settings.epsilon,
    });
    expect(rateLimitUsage.riders_single).toEqual({ used: 0, available: 5, resetAt: null });
    expect(queue).toEqual({ pending: 1, avgWaitTime: 5 * second, maxWaitTime: 10 * second });
  });
});
