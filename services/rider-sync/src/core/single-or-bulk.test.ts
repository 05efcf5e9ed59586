import { budgets } from '@paceline/shared/definition';
import type { Waiting } from '@paceline/shared/limiter';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decide,
  type FetchEffect,
  type FetchEvent,
  newFetch,
  type RiderFetch,
  wantsBulk,
} from './single-or-bulk.ts';

const now = Date.parse('2026-02-01T12:00:00Z');
const second = 1_000;
const minute = 60 * second;

const waitingUntil = (estimatedAt: number): Waiting => ({
  answer: 'waiting',
  position: 1,
  ahead: 0,
  reason: 'waiting_for_window',
  estimatedAt,
  retryIn: 1_500,
});
const until = (moment: number, via: 'single' | 'bulk') => ({
  type: 'report',
  progress: { state: 'waiting_for_window', until: moment, via },
});
const single = (estimatedAt: number): FetchEvent => ({
  type: 'single forecast',
  forecast: waitingUntil(estimatedAt),
});
const bulk = (estimatedAt: number): FetchEvent => ({
  type: 'bulk forecast',
  forecast: waitingUntil(estimatedAt),
});
const refused = (earliest: number): FetchEvent => ({ type: 'single refused', earliest });
const sent: FetchEvent = { type: 'bulk sent', aboard: true, sentAt: now };
const sentWithOthers: FetchEvent = { type: 'bulk sent', aboard: false, sentAt: now };
const permitted: FetchEvent = { type: 'single permitted' };
const stored: FetchEvent = { type: 'ended', end: { is: 'stored' } };

/** The state after the events, and the effects of the last one. */
const given = (...events: readonly FetchEvent[]) =>
  events.reduce<{ state: RiderFetch; effects: readonly FetchEffect[] }>(
    ({ state }, event) => decide(state, event, now),
    { state: newFetch(now + 5 * minute), effects: [] },
  );
const typesOf = (effects: readonly FetchEffect[]) => effects.map(({ type }) => type);

describe('a queued rider', () => {
  it('wants no bulk call while a GET would be answered before one that leaves now', () => {
    expect(given(single(now + 47 * second)).effects).toEqual([until(now + 47 * second, 'single')]);
  });

  it('is listed as soon as that would be answered first, and reports the GET until more is known', () => {
    const { state, effects } = given(single(now + 62 * second));
    expect(effects).toEqual([until(now + 62 * second, 'single'), { type: 'list' }]);
    expect(wantsBulk(state)).toBe(false);
    expect(wantsBulk(decide(state, { type: 'listed' }, now).state)).toBe(true);
  });

  it('is listed once only', () => {
    expect(typesOf(given(single(now + 62 * second), single(now + 63 * second)).effects)).toEqual(['report']);
  });

  it('reports the way that is answered first, not the one that leaves first', () => {
    const known = single(now + 62 * second);
    expect(given(known, bulk(now + 10 * second)).effects).toEqual([until(now + 10 * second, 'bulk')]);
    expect(given(known, bulk(now + 20 * second)).effects).toEqual([until(now + 62 * second, 'single')]);
  });

  it('reports no bulk call while nothing is known of its GET', () => {
    expect(given(bulk(now)).effects).toEqual([]);
  });

  it('that a bulk call takes along withdraws its request for a GET, and the call is watched', () => {
    const { state, effects } = given(single(now), { type: 'listed' }, sent);
    expect(state.at).toBe('bulk call');
    expect(wantsBulk(state)).toBe(false);
    expect(effects).toEqual([
      { type: 'withdrawSingle' },
      { type: 'report', progress: { state: 'running', via: 'bulk' } },
      { type: 'watchBulkCall', overdueAt: expect.any(Number) },
    ]);
  });

  it('does not care for a bulk call that leaves with others', () => {
    expect(given(single(now), sentWithOthers).effects).toEqual([]);
  });
});

describe('a rider whose GET is under way', () => {
  it('reports it, wants no bulk call, and none takes it along', () => {
    const { state, effects } = given(single(now), { type: 'listed' }, permitted);
    expect(effects).toEqual([{ type: 'report', progress: { state: 'running', via: 'single' } }]);
    expect(wantsBulk(state)).toBe(false);
    expect(decide(state, sent, now)).toEqual({ state, effects: [] });
  });

  it('is queued again when that is lost, and may go by bulk from then on', () => {
    for (const lost of [{ type: 'single lost' } as const, single(now + minute)]) {
      const { state } = given(single(now), { type: 'listed' }, permitted, lost);
      expect(state.at).toBe('queued');
      expect(wantsBulk(state)).toBe(true);
      expect(decide(state, sent, now).state.at).toBe('bulk call');
    }
  });
});

describe('a rider on a bulk call', () => {
  it('uses no permit for a GET that comes late', () => {
    expect(given(single(now), sent, permitted)).toMatchObject({ state: { at: 'bulk call' }, effects: [] });
  });

  it('stays on it when its GET is refused, or when another call leaves', () => {
    for (const late of [refused(now + 8 * minute), sentWithOthers, single(now)])
      expect(given(refused(now + 8 * minute), sent, late)).toMatchObject({
        state: { at: 'bulk call' },
        effects: [],
      });
  });

  it('has its outcome read when that is answered', () => {
    expect(given(sent, { type: 'bulk answered' }).effects).toEqual([{ type: 'readOutcome' }]);
  });

  it('is queued again when that is lost, or takes much longer than usual', () => {
    for (const type of ['bulk lost', 'bulk overdue'] as const) {
      const { state, effects } = given(single(now), { type: 'listed' }, sent, { type });
      expect(state).toMatchObject({ at: 'queued', single: undefined });
      expect(effects).toEqual([{ type: 'requestSingle' }]);
      expect(wantsBulk(state)).toBe(true);
    }
  });

  it('is overdue once that takes much longer than usual', () => {
    const watch = given(sent).effects.find((effect) => effect.type === 'watchBulkCall');
    expect(watch?.overdueAt).toBeGreaterThan(now + budgets.riders_bulk.typicalMs);
    expect(watch?.overdueAt).toBeLessThan(now + 2 * budgets.riders_bulk.typicalMs);
  });
});

describe('a rider that no GET reaches in time', () => {
  it('is listed, and waits for the bulk call that can', () => {
    expect(given(refused(now + 8 * minute)).effects).toEqual([{ type: 'list' }]);
    const { state, effects } = given(refused(now + 8 * minute), { type: 'listed' }, bulk(now + minute));
    expect(effects).toEqual([until(now + minute, 'bulk')]);
    expect(wantsBulk(state)).toBe(true);
  });

  it('is refused when both ways are closed for too long, with the first time that could', () => {
    const closed = (getAt: number) => given(refused(getAt), bulk(now + 14 * minute)).effects;
    expect(closed(now + 8 * minute)).toEqual([
      { type: 'end', end: { is: 'refused', earliest: now + 8 * minute } },
    ]);
    expect(closed(now + 20 * minute)).toEqual([
      { type: 'end', end: { is: 'refused', earliest: now + 14 * minute } },
    ]);
  });

  it('requests a GET again when a bulk call has left with others: there may be room now', () => {
    const { state, effects } = given(refused(now + 8 * minute), sentWithOthers);
    expect(state.at).toBe('queued');
    expect(effects).toEqual([{ type: 'requestSingle' }]);
  });

  it('requests one again too when a bulk call with the rider is lost', () => {
    expect(given(refused(now + 8 * minute), { type: 'bulk lost' }).effects).toEqual([
      { type: 'requestSingle' },
    ]);
  });
});

describe('a rider that is stored, or no longer wanted', () => {
  it.each([
    ['queued', [single(now)]],
    ['on a GET', [single(now), permitted]],
    ['on a bulk call', [sent]],
    ['waiting for bulk only', [refused(now + 8 * minute)]],
  ] as const)('%s is out of both ways, and nothing more happens', (_, before) => {
    const cancelled: FetchEvent = { type: 'ended', end: { is: 'failed', error: new Error('cancelled') } };
    for (const end of [stored, cancelled]) {
      const { state, effects } = given(...before, { type: 'listed' }, end);
      expect(typesOf(effects)).toEqual(['end']);
      expect(wantsBulk(state)).toBe(false);
      for (const late of [single(now), permitted, refused(now), bulk(now), sent, stored])
        expect(decide(state, late, now).effects).toEqual([]);
    }
  });
});

describe('the law of the two ways', () => {
  const moment = fc.integer({ min: 0, max: 20 * minute }).map((ms) => now + ms);
  const anyEvent: fc.Arbitrary<FetchEvent> = fc.oneof(
    moment.map(single),
    moment.map(bulk),
    moment.map(refused),
    fc.record({ type: fc.constant('bulk sent' as const), aboard: fc.boolean(), sentAt: moment }),
    fc.constantFrom<FetchEvent>(
      permitted,
      { type: 'single lost' },
      { type: 'bulk forecast', forecast: undefined },
      { type: 'listed' },
      { type: 'bulk answered' },
      { type: 'bulk lost' },
      { type: 'bulk overdue' },
      stored,
    ),
  );

  it('a rider is on one way at a time, and one that is on none waits in a queue that is open to it', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), moment, (events, deadline) => {
        let state = newFetch(deadline);
        let requested = true;
        let ends = 0;
        let lists = 0;
        for (const event of events) {
          // An answer to a request that was withdrawn is dropped by the one who asked.
          const ofSingle = event.type.startsWith('single');
          if (ofSingle && !requested && event.type !== 'single permitted') continue;
          const before = state;
          const decision = decide(state, event, now);
          state = decision.state;
          if (event.type === 'single refused') requested = false;
          for (const effect of decision.effects) {
            if (effect.type === 'requestSingle') {
              expect(requested).toBe(false);
              requested = true;
            }
            if (effect.type === 'withdrawSingle') requested = false;
            if (effect.type === 'list') lists += 1;
            if (effect.type === 'end') ends += 1;
            if (effect.type === 'end' && effect.end.is === 'refused') {
              expect(event.type === 'single refused' || before.at === 'bulk only').toBe(true);
              expect(state.bulk?.estimatedAt ?? 0).toBeGreaterThan(deadline);
            }
            if (effect.type === 'report' && 'via' in effect.progress && effect.progress.via === 'single')
              expect(['queued', 'single call']).toContain(state.at);
          }
          if (state.at === 'ended') requested = false;
          expect(requested).toBe(state.at === 'queued' || state.at === 'single call');
          expect(wantsBulk(state) && (state.at === 'bulk call' || state.at === 'single call')).toBe(false);
          if (state.at === 'bulk only') {
            expect(state.listed).not.toBe('no');
            expect(Math.max(now, state.bulk?.estimatedAt ?? now)).toBeLessThanOrEqual(deadline);
          }
          expect(ends).toBe(state.at === 'ended' ? 1 : 0);
          expect(lists).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('no rider reports a later answer than the other way has', () => {
    fc.assert(
      fc.property(moment, moment, (getAt, bulkAt) => {
        const [reported] = given(single(getAt), bulk(bulkAt)).effects;
        const bySingle = getAt + budgets.riders_single.typicalMs;
        const byBulk = bulkAt + budgets.riders_bulk.typicalMs;
        const byBulkFirst =
          reported?.type === 'report' && 'via' in reported.progress && reported.progress.via === 'bulk';
        expect(byBulkFirst ? byBulk : bySingle).toBe(Math.min(bySingle, byBulk));
      }),
    );
  });
});
