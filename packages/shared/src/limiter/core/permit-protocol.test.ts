import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PermitReply, PermitRequestOf, Outcome } from '../../contracts/index.ts';
import {
  decidePermit,
  noReply,
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
const budgetKey = { account: 'team', endpoint: 'clubs' } as const;
const permit = '1-1-a ticket';

const replied = (reply: PermitReply): PermitEvent => ({ event: 'replied', reply });
const waiting = (estimatedAt = 9_000): PermitEvent =>
  replied({
    answer: 'waiting',
    position: 1,
    ahead: 0,
    reason: 'waiting_for_window',
    estimatedAt,
    retryIn: 1_500,
  });
const timedOut = replied(noReply);
const granted = replied({ answer: 'granted', permit, startBy: 100 });
const started = replied({ answer: 'started', permit, sendBy: 2_000, term: 3 });
const expired = replied({ answer: 'expired' });
const refused = replied({ answer: 'refused', reason: 'deadline_unreachable', earliest: 77 });
const settled = replied({ answer: 'settled' });
const cancelled = replied({ answer: 'cancelled' });
const offered: PermitEvent = { event: 'offered', permit };
const due: PermitEvent = { event: 'due' };
const newOwner: PermitEvent = { event: 'new owner' };
const cancel: PermitEvent = { event: 'cancel', reason: 'no longer' };
const close: PermitEvent = { event: 'close', reason: 'closed' };
const use: PermitEvent = { event: 'use' };
const finish: PermitEvent = { event: 'finish' };
const settle = (outcome: Outcome): PermitEvent => ({ event: 'settle', outcome });
const ok: Outcome = { result: 'answered', status: 200 };

/** The state after these events, 600 ms apart, and the effects of the last one. */
function after(...events: PermitEvent[]) {
  let step = requestPermit(request, 0);
  for (const [index, event] of events.entries()) step = decidePermit(step.state, event, (index + 1) * 600);
  return { state: step.state.state, effects: step.effects };
}
const sent = (...effects: readonly PermitEffect[]) =>
  effects.flatMap((effect) => (effect.effect === 'send' ? [effect.request] : []));

const acquire = { ...request, start: true };
const cancelRequest = { do: 'cancel', ...budgetKey, id: 'a ticket' };
const wakeSoon = { effect: 'wake', inMs: 250 };
const report = (outcome: Outcome) => ({ do: 'settle', ...budgetKey, permit, outcome });

describe('a request for a permit', () => {
  it('also starts the permit if it is free', () => {
    expect(after()).toEqual({ state: 'requesting', effects: [{ effect: 'send', request: acquire }] });
    expect(after(started)).toEqual({ state: 'started', effects: [{ effect: 'started', permit, term: 3 }] });
  });

  it('starts a permit that was granted', () => {
    const { state, effects } = after(granted);
    expect(state).toBe('starting');
    expect(sent(...effects)).toEqual([{ do: 'start', ...budgetKey, permit, trace: {} }]);
    expect(after(granted, started).state).toBe('started');
  });

  it('shows its position while it waits, and is repeated after the interval the limiter gave', () => {
    const { state, effects } = after(waiting());
    expect(state).toBe('waiting');
    expect(effects).toMatchObject([{ effect: 'wake', inMs: 1_500 }, { effect: 'show' }]);
  });

  it('is repeated with the first estimate and without a start, since the caller may cancel', () => {
    const again = { ...request, start: false, firstEstimate: 9_000 };
    expect(sent(...after(waiting(), due).effects)).toEqual([again]);
    expect(sent(...after(waiting(), due, waiting(20_000), due).effects)).toEqual([again]);
  });

  it('is repeated soon when there is no reply', () => {
    expect(after(timedOut)).toEqual({ state: 'waiting', effects: [wakeSoon] });
    expect(after(granted, timedOut)).toEqual({ state: 'starting', effects: [wakeSoon] });
  });

  it('accepts an offer while it waits, and one that arrives before the reply', () => {
    expect(after(waiting(), offered).state).toBe('starting');
    expect(after(offered)).toEqual({ state: 'requesting', effects: [] });
    expect(after(offered, waiting())).toMatchObject({ state: 'starting', effects: [{ effect: 'show' }, {}] });
    expect(after(offered, timedOut).state).toBe('starting');
  });

  it('starts over when its permit expired before the start', () => {
    expect(after(waiting(), offered, expired)).toEqual({
      state: 'requesting',
      effects: [{ effect: 'send', request: acquire }],
    });
  });

  it('is repeated immediately to a new owner', () => {
    const again = { ...request, start: false, firstEstimate: 9_000 };
    expect(sent(...after(waiting(), newOwner).effects)).toEqual([again]);
    expect(sent(...after(newOwner).effects)).toEqual([{ ...request, start: false }]);
    expect(sent(...after(granted, newOwner).effects)).toEqual([
      { do: 'start', ...budgetKey, permit, trace: {} },
    ]);
  });

  it('is cancelled when it is refused, malformed or not needed, and its caller learns that immediately', () => {
    const cancelling = (last: PermitEffect) => ({
      state: 'cancelling',
      effects: [{ effect: 'send', request: cancelRequest }, last],
    });
    const malformed: PermitEvent = { event: 'malformed', error: 'bad' };
    expect(after(refused)).toEqual(
      cancelling({ effect: 'refused', reason: 'deadline_unreachable', earliest: 77, silentMs: undefined }),
    );
    expect(after(malformed)).toEqual(cancelling({ effect: 'failed', reason: 'bad' }));
    expect(after(waiting(), cancel)).toEqual(cancelling({ effect: 'failed', reason: 'no longer' }));
    expect(after(waiting(), close)).toEqual(cancelling({ effect: 'failed', reason: 'closed' }));
  });
});

describe('a refusal', () => {
  const silentMs = (...events: PermitEvent[]) =>
    after(...events).effects.flatMap((each) => (each.effect === 'refused' ? [each.silentMs] : []));

  it('says for how long no limiter had replied before it', () => {
    expect(silentMs(timedOut, due, timedOut, due, refused)).toEqual([3_000]);
    expect(silentMs(timedOut, due, waiting(), due, refused)).toEqual([undefined]);
  });
});

describe('a cancelled request', () => {
  it('ends the wait immediately, and is sent after the reply to the request in flight', () => {
    for (const before of [[], [granted], [waiting(), due]]) {
      const ended = { state: 'cancelling', effects: [{ effect: 'failed', reason: 'no longer' }] };
      expect(after(...before, cancel)).toEqual(ended);
      for (const answer of [waiting(), granted, timedOut, expired])
        expect(sent(...after(...before, cancel, answer).effects)).toEqual([cancelRequest]);
    }
    expect(after(offered, cancel, offered)).toEqual({ state: 'cancelling', effects: [] });
  });

  it('is settled as not sent when its call was started in the meantime', () => {
    for (const before of [[], [granted]]) {
      const { state, effects } = after(...before, cancel, started);
      expect(state).toBe('settling');
      expect(sent(...effects)).toEqual([report({ result: 'not_sent' })]);
    }
  });

  it('is repeated until the limiter acknowledges it, and immediately to a new owner', () => {
    expect(after(waiting(), cancel, timedOut)).toEqual({ state: 'cancelling', effects: [wakeSoon] });
    expect(sent(...after(waiting(), cancel, timedOut, due).effects)).toEqual([cancelRequest]);
    expect(sent(...after(waiting(), cancel, newOwner).effects)).toEqual([cancelRequest]);
    expect(sent(...after(cancel, newOwner).effects)).toEqual([cancelRequest]);
    expect(after(waiting(), cancel, timedOut, due, cancelled).state).toBe('closed');
  });

  it('is sent once after its client has closed', () => {
    expect(after(waiting(), close, timedOut).state).toBe('closed');
    expect(after(close, timedOut, timedOut).state).toBe('closed');
    expect(sent(...after(close, timedOut).effects)).toEqual([cancelRequest]);
    expect(after(waiting(), cancel, close, timedOut, due, timedOut).state).toBe('closed');
  });
});

describe('a started permit', () => {
  it('allows one call', () => {
    expect(after(started, use)).toEqual({ state: 'sent', effects: [] });
    expect(after(started, use, use).effects).toEqual([{ effect: 'spent', reason: 'used before' }]);
  });

  it('allows no call once its time to send is over, counted from when the request was sent', () => {
    // Sent at 0 and at 1 200.
    expect(after(started, newOwner, use).state).toBe('sent');
    expect(after(waiting(), due, started, newOwner, use).state).toBe('sent');
    const late = [started, newOwner, newOwner, use];
    expect(after(...late).effects).toEqual([{ effect: 'spent', reason: 'too late to send' }]);
    expect(sent(...after(...late, finish).effects)).toEqual([report({ result: 'not_sent' })]);
  });

  it('is settled once, with the first outcome', () => {
    expect(sent(...after(started, use, settle(ok)).effects)).toEqual([report(ok)]);
    expect(after(started, use, settle(ok), settle({ result: 'unanswered' })).effects).toEqual([]);
    expect(after(started, use, settle(ok), finish).effects).toEqual([]);
  });

  it('is reported as unanswered if it was used but not settled', () => {
    expect(sent(...after(started, use, finish).effects)).toEqual([report({ result: 'unanswered' })]);
  });

  it('cannot be returned once its call was sent', () => {
    expect(sent(...after(started, use, settle({ result: 'not_sent' })).effects)).toEqual([
      report({ result: 'unanswered' }),
    ]);
  });

  it('cannot be cancelled', () => {
    expect(after(started, cancel)).toEqual({ state: 'started', effects: [] });
  });
});

describe('the report of an outcome', () => {
  it('is repeated until the limiter acknowledges it', () => {
    expect(after(started, use, settle(ok), timedOut)).toEqual({ state: 'settling', effects: [wakeSoon] });
    expect(sent(...after(started, use, settle(ok), timedOut, due).effects)).toEqual([report(ok)]);
    expect(after(started, use, settle(ok), timedOut, due, settled).state).toBe('closed');
  });

  it('is sent only once more after its client has closed', () => {
    const closed = [started, use, settle(ok), close, timedOut, due];
    expect(sent(...after(...closed).effects)).toEqual([report(ok)]);
    expect(after(...closed, timedOut).state).toBe('closed');
    expect(after(started, close, use, settle(ok), timedOut).state).toBe('closed');
  });

  it('is sent without details when it is malformed', () => {
    const malformed: PermitEvent = { event: 'malformed', error: 'bad' };
    const infinite = settle({ ...ok, retryAfterMs: Infinity });
    expect(sent(...after(started, use, infinite, malformed).effects)).toEqual([report(ok)]);
    expect(after(started, use, infinite, malformed, malformed).state).toBe('closed');
  });
});

describe('a permit under any sequence of events', () => {
  const events = fc.array(
    fc.constantFrom(
      waiting(),
      timedOut,
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

  it('sends its call at most once and in time, and never reports a sent call as not sent', () => {
    fc.assert(
      fc.property(events, fc.array(fc.nat(1_500), { minLength: 40, maxLength: 40 }), (all, gaps) => {
        let now = 0;
        let [step, requestedAt, uses] = [requestPermit(request, now), 0, 0];
        for (const [index, event] of all.entries()) {
          now += gaps[index] ?? 0;
          const before = step.state;
          step = decidePermit(before, event, now);
          if (event.event === 'use' && step.state !== before) {
            uses += 1;
            expect(now).toBeLessThan(requestedAt + 2_000);
          }
          for (const each of sent(...step.effects)) {
            if (each.do === 'acquire' || each.do === 'start') requestedAt = now;
            if (each.do === 'settle' && uses > 0) expect(each.outcome.result).not.toBe('not_sent');
          }
        }
        expect(uses).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1_000 },
    );
  });

  it('ends its wait exactly once, and always has a request or timer pending until then', () => {
    fc.assert(
      fc.property(events, (all) => {
        let step = requestPermit(request, 0);
        let ends = 0;
        for (const [index, event] of all.entries()) {
          const before = step.state;
          step = decidePermit(before, event, index);
          ends += step.effects.filter(({ effect }) => /^(started|refused|failed)$/.test(effect)).length;
          const hasMoved = step.state.state !== before.state;
          const isInFlight = step.state.state === 'cancelling' && step.state.mayStart;
          const isPending =
            isInFlight || step.effects.some(({ effect }) => effect === 'send' || effect === 'wake');
          const isOpen = /^(requesting|waiting|starting|settling|cancelling)$/.test(step.state.state);
          expect(hasMoved && isOpen ? isPending : true).toBe(true);
        }
        const isWaiting = /^(requesting|waiting|starting)$/.test(step.state.state);
        expect(ends).toBe(isWaiting ? 0 : 1);
      }),
      { numRuns: 1_000 },
    );
  });
});
