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
  forecastOf,
  mostUrgent,
  newBatcher,
  type RequestEnd,
} from './batcher.ts';

const now = 1_000_000;
const none = { lane: undefined, now };
const adds = { lane: addLane, now } as const;
const imports = { lane: 'rider_sync', now } as const;
const changed: BatcherEvent = { type: 'demand changed' };
const forecast: Waiting = {
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
const heard: Step = [{ type: 'forecast', request: 1, forecast }, imports];
const ended = (how: RequestEnd, request = 1): BatcherEvent => ({ type: 'request ended', request, how });

describe('an idle batcher', () => {
  it('requests nothing while no member wants a call', () => {
    expect(given([changed, none])).toEqual({ state: newBatcher, effects: [] });
  });

  it('requests a permit at once for an import or a run', () => {
    const { state, effects } = given(requested);
    expect(state).toMatchObject({ mode: 'requesting', lane: 'rider_sync', since: now });
    expect(effects).toEqual([{ type: 'request', request: 1, lane: 'rider_sync', since: now }]);
  });

  it('gathers riders that are added before it requests a permit for them', () => {
    const { state, effects } = given([changed, adds]);
    expect(state.mode).toBe('gathering');
    expect(effects).toEqual([{ type: 'startTimer', timer: 'gather' }]);
  });

  it('requests nothing beyond three calls in flight, and goes on when one of its own has ended', () => {
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

describe('a gathering batcher', () => {
  it('gathers once, however many join', () => {
    expect(given([changed, adds], [changed, adds]).effects).toEqual([]);
  });

  it('requests a permit when it has gathered', () => {
    const { state, effects } = given(
      [changed, adds],
      [{ type: 'gathered' }, { lane: addLane, now: now + 2_000 }],
    );
    expect(state).toMatchObject({ mode: 'requesting', lane: addLane, since: now + 2_000 });
    expect(effects).toEqual([{ type: 'request', request: 1, lane: addLane, since: now + 2_000 }]);
  });

  it('whose riders all have come by GET is idle, and gathers again for the next ones', () => {
    const left = given([changed, adds], [changed, none]);
    expect(left).toEqual({ state: newBatcher, effects: [{ type: 'stopTimer', timer: 'gather' }] });
    expect(decide(left.state, changed, adds).state.mode).toBe('gathering');
  });
});

describe('a requesting batcher', () => {
  it('tells its members when the call is expected, and later ones too', () => {
    const { state, effects } = given(requested, heard);
    expect(effects).toEqual([{ type: 'announce', forecast }]);
    expect(forecastOf(state)).toEqual(forecast);
  });

  it('does not request again in the same lane', () => {
    expect(given(requested, [changed, imports]).effects).toEqual([]);
  });

  it('moves to the lane of a more urgent member and keeps its age', () => {
    const { state, effects } = given(requested, [changed, { lane: addLane, now: now + 60_000 }]);
    expect(state).toMatchObject({ mode: 'requesting', lane: addLane, since: now, requests: 2 });
    expect(effects).toEqual([
      { type: 'withdraw', request: 1 },
      { type: 'request', request: 2, lane: addLane, since: now },
    ]);
  });

  it('withdraws when no member wants a call any more, and says that none is expected', () => {
    const { state, effects } = given(requested, heard, [changed, none]);
    expect(state.mode).toBe('idle');
    expect(effects).toEqual([
      { type: 'withdraw', request: 1 },
      { type: 'announce', forecast: undefined },
    ]);
  });

  it('does not listen to a request that it has withdrawn', () => {
    const { state, effects } = given(requested, [changed, adds], heard);
    expect(effects).toEqual([]);
    expect(forecastOf(state)).toBeUndefined();
    expect(given(requested, [changed, adds], [ended({ is: 'withdrawn' }), adds]).state).toMatchObject({
      mode: 'requesting',
      requests: 2,
    });
  });

  it('is free for the next request as soon as its call has left', () => {
    const sent = given(requested, heard, [{ type: 'sent', request: 1 }, imports]);
    expect(sent.state).toMatchObject({ mode: 'idle', inFlight: 1 });
    expect(sent.effects).toEqual([{ type: 'announce', forecast: undefined }]);
    expect(decide(sent.state, changed, imports).effects).toMatchObject([{ type: 'request', request: 2 }]);
  });
});

describe('a batcher whose permit brought nothing', () => {
  it('rests when there was no rider to fetch, and tells its members', () => {
    const { state, effects } = given(requested, [ended({ is: 'unused' }), imports]);
    expect(state.mode).toBe('resting');
    expect(effects).toEqual([{ type: 'startTimer', timer: 'rest' }, { type: 'announceUnused' }]);
  });

  it('rests when none is given, and tells its members from when on', () => {
    const refused = ended({ is: 'failed', closedUntil: now + 900_000 });
    const { state, effects } = given(requested, [refused, imports]);
    const closed = { reason: 'paused_by_upstream', estimatedAt: now + 900_000 };
    expect(forecastOf(state)).toMatchObject(closed);
    expect(effects).toMatchObject([
      { type: 'announce', forecast: closed },
      { type: 'startTimer', timer: 'rest' },
    ]);
  });

  it('requests nothing while it rests, and then what is wanted by then, with no forecast of before', () => {
    const rests = [requested, [ended({ is: 'failed', closedUntil: now + 900_000 }), imports]] as const;
    expect(given(...rests, [changed, adds]).effects).toEqual([]);
    const rested = given(...rests, [{ type: 'rested' }, adds]);
    expect(rested.state).toMatchObject({ mode: 'requesting', lane: addLane, forecast: undefined });
    expect(forecastOf(given(...rests, [{ type: 'rested' }, none]).state)).toBeUndefined();
  });

  it('rests no longer once a call of any process has ended', () => {
    const rests = [requested, [ended({ is: 'unused' }), imports]] as const;
    const woken = given(...rests, [{ type: 'call ended', own: false }, imports]);
    expect(woken.state).toMatchObject({ mode: 'requesting', inFlight: 0 });
    expect(woken.effects[0]).toEqual({ type: 'stopTimer', timer: 'rest' });
  });

  it('does not rest while another request waits', () => {
    const another = given(requested, [{ type: 'sent', request: 1 }, imports], requested, [
      ended({ is: 'failed' }),
      imports,
    ]);
    expect(another).toMatchObject({ state: { mode: 'requesting', requests: 2 }, effects: [] });
  });

  it('gathers no longer: the rest is long enough for that', () => {
    const lost = given(
      requested,
      [{ type: 'sent', request: 1 }, imports],
      [{ type: 'call ended', own: true }, adds],
      [ended({ is: 'failed' }), adds],
    );
    expect(lost.state.mode).toBe('resting');
    expect(lost.effects).toEqual([
      { type: 'stopTimer', timer: 'gather' },
      { type: 'startTimer', timer: 'rest' },
    ]);
    expect(decide(lost.state, { type: 'rested' }, adds).state.mode).toBe('requesting');
  });
});

describe('the lane of the one request', () => {
  it('is that of the most urgent member that wants a call', () => {
    expect(mostUrgent([undefined, 'rider_sync', 'manual_rider_add'])).toBe('manual_rider_add');
    expect(mostUrgent(['rider_sync', undefined])).toBe('rider_sync');
    expect(mostUrgent([undefined])).toBeUndefined();
  });
});

describe('whatever happens to a batcher', () => {
  const lane = fc.option(fc.constantFrom(...laneNames), { nil: undefined });
  const ends: RequestEnd[] = [
    { is: 'answered' },
    { is: 'unused' },
    { is: 'withdrawn' },
    { is: 'failed' },
    { is: 'failed', closedUntil: now },
  ];
  /** What a world does with the requests and timers that it has been given, chosen by a number. */
  const move = fc.record({ lane, pick: fc.nat(), end: fc.constantFrom(...ends) });

  it('at most one request waits, at most three calls are in flight, and no member that wants a call is forgotten', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        let state = newBatcher;
        const open = new Set<number>();
        const calls = new Set<number>();
        const timers = new Set<string>();
        for (const { lane: wanted, pick, end } of moves) {
          const events: BatcherEvent[] = [changed, { type: 'call ended', own: false }];
          for (const request of open)
            events.push(
              { type: 'forecast', request, forecast },
              { type: 'sent', request },
              ended(end, request),
            );
          if (calls.size > 0) events.push({ type: 'call ended', own: true });
          if (timers.has('gather')) events.push({ type: 'gathered' });
          if (timers.has('rest')) events.push({ type: 'rested' });
          const event = events[pick % events.length] ?? changed;
          if (event.type === 'gathered') timers.delete('gather');
          if (event.type === 'rested') timers.delete('rest');
          if (event.type === 'sent') calls.add(event.request);
          if (event.type === 'sent' || event.type === 'request ended') open.delete(event.request);
          if (event.type === 'call ended' && event.own) calls.delete([...calls][0] ?? 0);
          const decision = decide(state, event, { lane: wanted, now });
          state = decision.state;
          for (const effect of decision.effects) {
            if (effect.type === 'request') open.add(effect.request);
            if (effect.type === 'withdraw') open.delete(effect.request);
            if (effect.type === 'startTimer') timers.add(effect.timer);
            if (effect.type === 'stopTimer') timers.delete(effect.timer);
          }
          expect(open.size).toBe(state.mode === 'requesting' ? 1 : 0);
          expect(timers).toEqual(
            new Set(state.mode === 'gathering' ? ['gather'] : state.mode === 'resting' ? ['rest'] : []),
          );
          expect(state.inFlight).toBe(calls.size);
          expect(calls.size + open.size).toBeLessThanOrEqual(3);
          const isLate = event.type === 'sent' || event.type === 'forecast';
          if (wanted !== undefined && !isLate && state.mode === 'idle') expect(calls.size).toBe(3);
        }
      }),
    );
  });
});
