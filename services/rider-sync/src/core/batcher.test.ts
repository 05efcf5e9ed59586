import { laneNames } from '@paceline/shared/definition';
import type { Waiting } from '@paceline/shared/limiter';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addLane,
  type BatcherEffect,
  type BatcherEvent,
  type BatcherState,
  decide,
  estimateOf,
  mostUrgent,
  newBatcher,
  type RequestEnd,
} from './batcher.ts';

const now = 1_000_000;
const none = { lane: undefined, now };
const adds = { lane: addLane, now } as const;
const imports = { lane: 'rider_sync', now } as const;
const changed: BatcherEvent = { type: 'demand changed' };
const estimate: Waiting = {
  answer: 'waiting',
  position: 1,
  ahead: 0,
  reason: 'waiting_for_window',
  estimatedAt: now + 5_000,
  retryIn: 1_500,
};

type Step = readonly [BatcherEvent, Parameters<typeof decide>[2]];
/** The state after the steps, and the effects of the last one. */
const given = (...steps: readonly Step[]): { state: BatcherState; effects: readonly BatcherEffect[] } =>
  steps.reduce<{ state: BatcherState; effects: readonly BatcherEffect[] }>(
    ({ state }, [event, demand]) => decide(state, event, demand),
    { state: newBatcher, effects: [] },
  );
const requested: Step = [changed, imports];
const estimated: Step = [{ type: 'estimate', request: 1, estimate }, imports];
const ended = (how: RequestEnd, request = 1): BatcherEvent => ({ type: 'request ended', request, how });

describe('an idle batcher', () => {
  it('requests nothing while no member needs a call', () => {
    expect(given([changed, none])).toEqual({ state: newBatcher, effects: [] });
  });

  it('requests a permit immediately for an import or a run', () => {
    const { state, effects } = given(requested);
    expect(state).toMatchObject({ mode: 'requesting', lane: 'rider_sync', since: now });
    expect(effects).toEqual([{ type: 'request', request: 1, lane: 'rider_sync', since: now }]);
  });

  it('collects added riders before it requests a permit', () => {
    const { state, effects } = given([changed, adds]);
    expect(state.mode).toBe('collecting');
    expect(effects).toEqual([{ type: 'startTimer', timer: 'collect' }]);
  });

  it('requests nothing while three calls are in flight, and continues when one of its own ends', () => {
    const sends = [1, 2, 3].flatMap((request): Step[] => [
      [changed, imports],
      [{ type: 'sent', request }, imports],
    ]);
    expect(given(...sends, [changed, imports])).toMatchObject({
      state: { mode: 'idle', inFlight: 3 },
      effects: [],
    });
    expect(given(...sends, [changed, adds]).state.mode).toBe('idle');
    expect(given(...sends, [{ type: 'call ended', own: false }, imports]).state.mode).toBe('idle');
    const after = given(...sends, [{ type: 'call ended', own: true }, imports]);
    expect(after.state).toMatchObject({ mode: 'requesting', inFlight: 2 });
  });
});

describe('a collecting batcher', () => {
  it('starts one timer, however many members join', () => {
    expect(given([changed, adds], [changed, adds]).effects).toEqual([]);
  });

  it('requests a permit when its timer ends', () => {
    const { state, effects } = given(
      [changed, adds],
      [{ type: 'collected' }, { lane: addLane, now: now + 2_000 }],
    );
    expect(state).toMatchObject({ mode: 'requesting', lane: addLane, since: now + 2_000 });
    expect(effects).toEqual([{ type: 'request', request: 1, lane: addLane, since: now + 2_000 }]);
  });

  it('becomes idle when GETs have fetched all its riders, and collects again for the next ones', () => {
    const left = given([changed, adds], [changed, none]);
    expect(left).toEqual({ state: newBatcher, effects: [{ type: 'stopTimer', timer: 'collect' }] });
    expect(decide(left.state, changed, adds).state.mode).toBe('collecting');
  });
});

describe('a requesting batcher', () => {
  it('reports to its members when the call is expected', () => {
    const { state, effects } = given(requested, estimated);
    expect(effects).toEqual([{ type: 'announce', estimate }]);
    expect(estimateOf(state)).toEqual(estimate);
  });

  it('makes no second request in the same lane', () => {
    expect(given(requested, [changed, imports]).effects).toEqual([]);
  });

  it('changes to the lane of a more urgent member and keeps its age', () => {
    const { state, effects } = given(requested, [changed, { lane: addLane, now: now + 60_000 }]);
    expect(state).toMatchObject({ mode: 'requesting', lane: addLane, since: now, requests: 2 });
    expect(effects).toEqual([
      { type: 'withdraw', request: 1 },
      { type: 'request', request: 2, lane: addLane, since: now },
    ]);
  });

  it('withdraws when no member needs a call any more, and reports that none is expected', () => {
    const { state, effects } = given(requested, estimated, [changed, none]);
    expect(state.mode).toBe('idle');
    expect(effects).toEqual([
      { type: 'withdraw', request: 1 },
      { type: 'announce', estimate: undefined },
    ]);
  });

  it('ignores events of a withdrawn request', () => {
    const { state, effects } = given(requested, [changed, adds], estimated);
    expect(effects).toEqual([]);
    expect(estimateOf(state)).toBeUndefined();
    expect(given(requested, [changed, adds], [ended({ outcome: 'withdrawn' }), adds]).state).toMatchObject({
      mode: 'requesting',
      requests: 2,
    });
  });

  it('can request again as soon as its call was sent', () => {
    const sent = given(requested, estimated, [{ type: 'sent', request: 1 }, imports]);
    expect(sent.state).toMatchObject({ mode: 'idle', inFlight: 1 });
    expect(sent.effects).toEqual([{ type: 'announce', estimate: undefined }]);
    expect(decide(sent.state, changed, imports).effects).toMatchObject([{ type: 'request', request: 2 }]);
  });
});

describe('a batcher after a permit was unused or refused', () => {
  it('backs off when there was no rider to fetch, and reports that', () => {
    const { state, effects } = given(requested, [ended({ outcome: 'unused' }), imports]);
    expect(state.mode).toBe('backoff');
    expect(effects).toEqual([{ type: 'startTimer', timer: 'backoff' }, { type: 'announceUnused' }]);
  });

  it('backs off when refused, and reports the earliest time', () => {
    const refused = ended({ outcome: 'failed', closedUntil: now + 900_000 });
    const { state, effects } = given(requested, [refused, imports]);
    const closed = { reason: 'paused_by_upstream', estimatedAt: now + 900_000 };
    expect(estimateOf(state)).toMatchObject(closed);
    expect(effects).toMatchObject([
      { type: 'announce', estimate: closed },
      { type: 'startTimer', timer: 'backoff' },
    ]);
  });

  it('requests nothing during backoff, then follows the current demand without the old estimate', () => {
    const backoff = [requested, [ended({ outcome: 'failed', closedUntil: now + 900_000 }), imports]] as const;
    expect(given(...backoff, [changed, adds]).effects).toEqual([]);
    const over = given(...backoff, [{ type: 'backoff over' }, adds]);
    expect(over.state).toMatchObject({ mode: 'requesting', lane: addLane, estimate: undefined });
    expect(estimateOf(given(...backoff, [{ type: 'backoff over' }, none]).state)).toBeUndefined();
  });

  it('ends its backoff when a call of any process ends', () => {
    const backoff = [requested, [ended({ outcome: 'unused' }), imports]] as const;
    const woken = given(...backoff, [{ type: 'call ended', own: false }, imports]);
    expect(woken.state).toMatchObject({ mode: 'requesting', inFlight: 0 });
    expect(woken.effects[0]).toEqual({ type: 'stopTimer', timer: 'backoff' });
  });

  it('does not back off while another request waits', () => {
    const another = given(requested, [{ type: 'sent', request: 1 }, imports], requested, [
      ended({ outcome: 'failed' }),
      imports,
    ]);
    expect(another).toMatchObject({ state: { mode: 'requesting', requests: 2 }, effects: [] });
  });

  it('stops collecting, as the backoff is long enough for that', () => {
    const lost = given(
      requested,
      [{ type: 'sent', request: 1 }, imports],
      [{ type: 'call ended', own: true }, adds],
      [ended({ outcome: 'failed' }), adds],
    );
    expect(lost.state.mode).toBe('backoff');
    expect(lost.effects).toEqual([
      { type: 'stopTimer', timer: 'collect' },
      { type: 'startTimer', timer: 'backoff' },
    ]);
    expect(decide(lost.state, { type: 'backoff over' }, adds).state.mode).toBe('requesting');
  });
});

describe('mostUrgent', () => {
  it('returns the lane of the most urgent member that needs a call', () => {
    expect(mostUrgent([undefined, 'rider_sync', 'manual_rider_add'])).toBe('manual_rider_add');
    expect(mostUrgent(['rider_sync', undefined])).toBe('rider_sync');
    expect(mostUrgent([undefined])).toBeUndefined();
  });
});

describe('a batcher after any sequence of events', () => {
  const lane = fc.option(fc.constantFrom(...laneNames), { nil: undefined });
  const ends: RequestEnd[] = [
    { outcome: 'answered' },
    { outcome: 'unused' },
    { outcome: 'withdrawn' },
    { outcome: 'failed' },
    { outcome: 'failed', closedUntil: now },
  ];
  /** A step; `pick` chooses one of the possible events. */
  const step = fc.record({ lane, pick: fc.nat(), end: fc.constantFrom(...ends) });

  it('has at most one request waiting and three calls in flight, and forgets no demand', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let state = newBatcher;
        const open = new Set<number>();
        const calls = new Set<number>();
        const timers = new Set<string>();
        for (const { lane: needed, pick, end } of steps) {
          const events: BatcherEvent[] = [changed, { type: 'call ended', own: false }];
          for (const request of open)
            events.push(
              { type: 'estimate', request, estimate },
              { type: 'sent', request },
              ended(end, request),
            );
          if (calls.size > 0) events.push({ type: 'call ended', own: true });
          if (timers.has('collect')) events.push({ type: 'collected' });
          if (timers.has('backoff')) events.push({ type: 'backoff over' });
          const event = events[pick % events.length] ?? changed;
          if (event.type === 'collected') timers.delete('collect');
          if (event.type === 'backoff over') timers.delete('backoff');
          if (event.type === 'sent') calls.add(event.request);
          if (event.type === 'sent' || event.type === 'request ended') open.delete(event.request);
          if (event.type === 'call ended' && event.own) calls.delete([...calls][0] ?? 0);
          const decision = decide(state, event, { lane: needed, now });
          state = decision.state;
          for (const effect of decision.effects) {
            if (effect.type === 'request') open.add(effect.request);
            if (effect.type === 'withdraw') open.delete(effect.request);
            if (effect.type === 'startTimer') timers.add(effect.timer);
            if (effect.type === 'stopTimer') timers.delete(effect.timer);
          }
          expect(open.size).toBe(state.mode === 'requesting' ? 1 : 0);
          expect(timers).toEqual(
            new Set(state.mode === 'collecting' ? ['collect'] : state.mode === 'backoff' ? ['backoff'] : []),
          );
          expect(state.inFlight).toBe(calls.size);
          expect(calls.size + open.size).toBeLessThanOrEqual(3);
          const isLate = event.type === 'sent' || event.type === 'estimate';
          if (needed !== undefined && !isLate && state.mode === 'idle') expect(calls.size).toBe(3);
        }
      }),
    );
  });
});
