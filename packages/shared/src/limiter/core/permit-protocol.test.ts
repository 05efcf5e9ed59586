import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PermitReply, PermitRequestOf, Outcome } from '../../contracts/index.ts';
import {
  decidePermit,
  noAnswer,
  type PermitEffect,
  type PermitEvent,
  requestPermit,
} from './permit-protocol.ts';

const request: PermitRequestOf<'acquire'> = {
  do: 'acquire',
  ticket: 'a ticket',
  account: 'team',
  endpoint: 'clubs',
  lane: 'rider_sync',
  requestedAt: 5,
  offerTo: 'client',
  trace: {},
};
const place = { account: 'team', endpoint: 'clubs' } as const;
const permit = '1-1-a ticket';

const answered = (answer: PermitReply): PermitEvent => ({ event: 'answered', answer });
const waiting = (estimatedAt = 9_000): PermitEvent =>
  answered({
    answer: 'waiting',
    position: 1,
    ahead: 0,
    reason: 'waiting_for_window',
    estimatedAt,
    retryIn: 1_500,
  });
const unanswered = answered(noAnswer);
const granted = answered({ answer: 'granted', permit, startBy: 100 });
const started = answered({ answer: 'started', permit, sendBy: 2_000 });
const expired = answered({ answer: 'expired' });
const refused = answered({ answer: 'refused', reason: 'deadline_unreachable', earliest: 77 });
const settled = answered({ answer: 'settled' });
const cancelled = answered({ answer: 'cancelled' });
const offered: PermitEvent = { event: 'offered', permit };
const due: PermitEvent = { event: 'due' };
const newOwner: PermitEvent = { event: 'new owner' };
const cancel: PermitEvent = { event: 'cancel', reason: 'no longer' };
const close: PermitEvent = { event: 'close', reason: 'closed' };
const use: PermitEvent = { event: 'use' };
const finish: PermitEvent = { event: 'finish' };
const settle = (outcome: Outcome): PermitEvent => ({ event: 'settle', outcome });
const ok: Outcome = { result: 'answered', status: 200 };

/** The state after these events, 600 ms apart, and what the last of them led to. */
function after(...events: PermitEvent[]) {
  let step = requestPermit(request, 0);
  for (const [index, event] of events.entries()) step = decidePermit(step.state, event, (index + 1) * 600);
  return { state: step.state.state, effects: step.effects };
}
const sent = (...effects: readonly PermitEffect[]) =>
  effects.flatMap((effect) => (effect.effect === 'send' ? [effect.request] : []));

const acquire = { ...request, start: true };
const withdrawal = { do: 'cancel', ...place, id: 'a ticket' };
const wakeSoon = { effect: 'wake', inMs: 250 };
const report = (outcome: Outcome) => ({ do: 'settle', ...place, permit, outcome });

describe('a request for a permit', () => {
  it('asks to start it in the same message', () => {
    expect(after()).toEqual({ state: 'requesting', effects: [{ effect: 'send', request: acquire }] });
    expect(after(started)).toEqual({ state: 'started', effects: [{ effect: 'started', permit }] });
  });

  it('starts a permit that was granted', () => {
    const { state, effects } = after(granted);
    expect(state).toBe('starting');
    expect(sent(...effects)).toEqual([{ do: 'start', ...place, permit, trace: {} }]);
    expect(after(granted, started).state).toBe('started');
  });

  it('shows its place when it has to wait, and asks again when the limiter said', () => {
    const { state, effects } = after(waiting());
    expect(state).toBe('waiting');
    expect(effects).toMatchObject([{ effect: 'wake', inMs: 1_500 }, { effect: 'show' }]);
  });

  it('repeats the first estimate when it asks again, and does not start: the caller may have changed its mind', () => {
    const again = { ...request, start: false, firstEstimate: 9_000 };
    expect(sent(...after(waiting(), due).effects)).toEqual([again]);
    expect(sent(...after(waiting(), due, waiting(20_000), due).effects)).toEqual([again]);
  });

  it('asks again soon when the limiter did not answer', () => {
    expect(after(unanswered)).toEqual({ state: 'waiting', effects: [wakeSoon] });
    expect(after(granted, unanswered)).toEqual({ state: 'starting', effects: [wakeSoon] });
  });

  it('takes an offer that comes while it waits, and one that has overtaken the answer', () => {
    expect(after(waiting(), offered).state).toBe('starting');
    expect(after(offered)).toEqual({ state: 'requesting', effects: [] });
    expect(after(offered, waiting())).toMatchObject({ state: 'starting', effects: [{ effect: 'show' }, {}] });
    expect(after(offered, unanswered).state).toBe('starting');
  });

  it('begins again when its permit expired before it was started', () => {
    expect(after(waiting(), offered, expired)).toEqual({
      state: 'requesting',
      effects: [{ effect: 'send', request: acquire }],
    });
  });

  it('tells a new owner at once what it wants', () => {
    const again = { ...request, start: false, firstEstimate: 9_000 };
    expect(sent(...after(waiting(), newOwner).effects)).toEqual([again]);
    expect(sent(...after(newOwner).effects)).toEqual([{ ...request, start: false }]);
    expect(sent(...after(granted, newOwner).effects)).toEqual([{ do: 'start', ...place, permit, trace: {} }]);
  });

  it('is taken back when it is refused, malformed or no longer wanted, and its caller hears that at once', () => {
    const takenBack = (last: PermitEffect) => ({
      state: 'cancelling',
      effects: [{ effect: 'send', request: withdrawal }, last],
    });
    const malformed: PermitEvent = { event: 'malformed', error: 'bad' };
    expect(after(refused)).toEqual(takenBack({ effect: 'refused', earliest: 77 }));
    expect(after(malformed)).toEqual(takenBack({ effect: 'failed', reason: 'bad' }));
    expect(after(waiting(), cancel)).toEqual(takenBack({ effect: 'failed', reason: 'no longer' }));
    expect(after(waiting(), close)).toEqual(takenBack({ effect: 'failed', reason: 'closed' }));
  });
});

describe('a request that is taken back', () => {
  it('does not overtake what is in flight: the caller hears its end, the limiter once that is answered', () => {
    for (const before of [[], [granted], [waiting(), due]]) {
      const ended = { state: 'cancelling', effects: [{ effect: 'failed', reason: 'no longer' }] };
      expect(after(...before, cancel)).toEqual(ended);
      for (const answer of [waiting(), granted, unanswered, expired])
        expect(sent(...after(...before, cancel, answer).effects)).toEqual([withdrawal]);
    }
    expect(after(offered, cancel, offered)).toEqual({ state: 'cancelling', effects: [] });
  });

  it('is settled as not sent when its call was booked meanwhile', () => {
    for (const before of [[], [granted]]) {
      const { state, effects } = after(...before, cancel, started);
      expect(state).toBe('settling');
      expect(sent(...effects)).toEqual([report({ result: 'not_sent' })]);
    }
  });

  it('is repeated until the limiter acknowledges it, and sent to a new owner at once', () => {
    expect(after(waiting(), cancel, unanswered)).toEqual({ state: 'cancelling', effects: [wakeSoon] });
    expect(sent(...after(waiting(), cancel, unanswered, due).effects)).toEqual([withdrawal]);
    expect(sent(...after(waiting(), cancel, newOwner).effects)).toEqual([withdrawal]);
    expect(sent(...after(cancel, newOwner).effects)).toEqual([withdrawal]);
    expect(after(waiting(), cancel, unanswered, due, cancelled).state).toBe('over');
  });

  it('is sent once after its client has closed', () => {
    expect(after(waiting(), close, unanswered).state).toBe('over');
    expect(after(close, unanswered, unanswered).state).toBe('over');
    expect(sent(...after(close, unanswered).effects)).toEqual([withdrawal]);
    expect(after(waiting(), cancel, close, unanswered, due, unanswered).state).toBe('over');
  });
});

describe('a started permit', () => {
  it('is good for one call', () => {
    expect(after(started, use)).toEqual({ state: 'sent', effects: [] });
    expect(after(started, use, use).effects).toEqual([{ effect: 'spent', because: 'used before' }]);
  });

  it('is good for none once its time to send is over, counted from when the request was sent', () => {
    // Sent at 0 and at 1 200.
    expect(after(started, newOwner, use).state).toBe('sent');
    expect(after(waiting(), due, started, newOwner, use).state).toBe('sent');
    const late = [started, newOwner, newOwner, use];
    expect(after(...late).effects).toEqual([{ effect: 'spent', because: 'too late to send' }]);
    expect(sent(...after(...late, finish).effects)).toEqual([report({ result: 'not_sent' })]);
  });

  it('is settled once, with what is said first', () => {
    expect(sent(...after(started, use, settle(ok)).effects)).toEqual([report(ok)]);
    expect(after(started, use, settle(ok), settle({ result: 'unanswered' })).effects).toEqual([]);
    expect(after(started, use, settle(ok), finish).effects).toEqual([]);
  });

  it('that was used and not settled counts as unanswered', () => {
    expect(sent(...after(started, use, finish).effects)).toEqual([report({ result: 'unanswered' })]);
  });

  it('can not be given back once its call has left', () => {
    expect(sent(...after(started, use, settle({ result: 'not_sent' })).effects)).toEqual([
      report({ result: 'unanswered' }),
    ]);
  });

  it('can not be cancelled', () => {
    expect(after(started, cancel)).toEqual({ state: 'started', effects: [] });
  });
});

describe('the report of how a call ended', () => {
  it('is repeated until the limiter has it', () => {
    expect(after(started, use, settle(ok), unanswered)).toEqual({ state: 'settling', effects: [wakeSoon] });
    expect(sent(...after(started, use, settle(ok), unanswered, due).effects)).toEqual([report(ok)]);
    expect(after(started, use, settle(ok), unanswered, due, settled).state).toBe('over');
  });

  it('goes once more after its client has closed, and not again', () => {
    const closed = [started, use, settle(ok), close, unanswered, due];
    expect(sent(...after(...closed).effects)).toEqual([report(ok)]);
    expect(after(...closed, unanswered).state).toBe('over');
    expect(after(started, close, use, settle(ok), unanswered).state).toBe('over');
  });

  it('goes without what upstream said beside its status when it is malformed', () => {
    const malformed: PermitEvent = { event: 'malformed', error: 'bad' };
    const infinite = settle({ ...ok, retryAfterMs: Infinity });
    expect(sent(...after(started, use, infinite, malformed).effects)).toEqual([report(ok)]);
    expect(after(started, use, infinite, malformed, malformed).state).toBe('over');
  });
});

describe('whatever happens to a permit', () => {
  const events = fc.array(
    fc.constantFrom(
      waiting(),
      unanswered,
      granted,
      started,
      expired,
      refused,
      settled,
      cancelled,
      offered,
      due,
      newOwner,
      cancel,
      close,
      use,
      settle(ok),
      settle({ result: 'not_sent' }),
      finish,
    ),
    { maxLength: 40, size: 'max' },
  );

  it('its call leaves at most once, in time, and is never reported as not sent', () => {
    fc.assert(
      fc.property(events, fc.array(fc.nat(1_500), { minLength: 40, maxLength: 40 }), (all, gaps) => {
        let now = 0;
        let [step, askedAt, uses] = [requestPermit(request, now), 0, 0];
        for (const [index, event] of all.entries()) {
          now += gaps[index] ?? 0;
          const before = step.state;
          step = decidePermit(before, event, now);
          if (event.event === 'use' && step.state !== before) {
            uses += 1;
            expect(now).toBeLessThan(askedAt + 2_000);
          }
          for (const each of sent(...step.effects)) {
            if (each.do === 'acquire' || each.do === 'start') askedAt = now;
            if (each.do === 'settle' && uses > 0) expect(each.outcome.result).not.toBe('not_sent');
          }
        }
        expect(uses).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1_000 },
    );
  });

  it('its caller hears one end of its wait, and something is always under way until it is started or over', () => {
    fc.assert(
      fc.property(events, (all) => {
        let step = requestPermit(request, 0);
        let ends = 0;
        for (const [index, event] of all.entries()) {
          const before = step.state;
          step = decidePermit(before, event, index);
          ends += step.effects.filter(({ effect }) => /^(started|refused|failed)$/.test(effect)).length;
          const isMoved = step.state.state !== before.state;
          const isInFlight = step.state.state === 'cancelling' && step.state.mayBook;
          const goesOn =
            isInFlight || step.effects.some(({ effect }) => effect === 'send' || effect === 'wake');
          const isOpen = /^(requesting|waiting|starting|settling|cancelling)$/.test(step.state.state);
          expect(isMoved && isOpen ? goesOn : true).toBe(true);
        }
        const isBefore = /^(requesting|waiting|starting)$/.test(step.state.state);
        expect(ends).toBe(isBefore ? 0 : 1);
      }),
      { numRuns: 1_000 },
    );
  });
});
