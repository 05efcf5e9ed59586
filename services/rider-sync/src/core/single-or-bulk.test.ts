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
const typicalMs = { single: 2 * second, bulk: 50 * second };

const waitingUntil = (estimatedAt: number): Waiting => ({
  answer: 'waiting',
  position: 1,
  ahead: 0,
  reason: 'waiting_for_window',
  estimatedAt,
  retryIn: 1_500,
});
const until = (at: number, via: 'single' | 'bulk') => ({
  type: 'report',
  progress: { state: 'waiting_for_window', until: at, via },
});
const single = (estimatedAt: number): FetchEvent => ({
  type: 'single estimate',
  estimate: waitingUntil(estimatedAt),
});
const bulk = (estimatedAt: number): FetchEvent => ({
  type: 'bulk estimate',
  estimate: waitingUntil(estimatedAt),
});
const refused = (earliest: number): FetchEvent => ({ type: 'single refused', earliest });
const sent: FetchEvent = { type: 'bulk sent', included: true, sentAt: now };
const sentWithOthers: FetchEvent = { type: 'bulk sent', included: false, sentAt: now };
const permitted: FetchEvent = { type: 'single permitted' };
const stored: FetchEvent = { type: 'ended', end: { outcome: 'stored' } };

/** The state after the events, and the effects of the last one. */
const given = (...events: readonly FetchEvent[]) =>
  events.reduce<{ state: RiderFetch; effects: readonly FetchEffect[] }>(
    ({ state }, event) => decide(state, event, now),
    { state: newFetch(now + 5 * minute, typicalMs), effects: [] },
  );
const typesOf = (effects: readonly FetchEffect[]) => effects.map(({ type }) => type);

describe('a queued rider', () => {
  it('needs no bulk call while its GET is expected to be answered before one sent now', () => {
    expect(given(single(now + 47 * second)).effects).toEqual([until(now + 47 * second, 'single')]);
  });

  it('is listed once a bulk call sent now would be answered first, and still reports the GET', () => {
    const { state, effects } = given(single(now + 62 * second));
    expect(effects).toEqual([until(now + 62 * second, 'single'), { type: 'list' }]);
    expect(wantsBulk(state)).toBe(false);
    expect(wantsBulk(decide(state, { type: 'listed' }, now).state)).toBe(true);
  });

  it('is listed only once', () => {
    expect(typesOf(given(single(now + 62 * second), single(now + 63 * second)).effects)).toEqual(['report']);
  });

  it('reports the call that is answered first, not the one sent first', () => {
    const known = single(now + 62 * second);
    expect(given(known, bulk(now + 10 * second)).effects).toEqual([until(now + 10 * second, 'bulk')]);
    expect(given(known, bulk(now + 20 * second)).effects).toEqual([until(now + 62 * second, 'single')]);
  });

  it('reports no bulk call while its GET has no estimate', () => {
    expect(given(bulk(now)).effects).toEqual([]);
  });

  it('included in a bulk call withdraws its GET and watches the call', () => {
    const { state, effects } = given(single(now), { type: 'listed' }, sent);
    expect(state.stage).toBe('bulk call');
    expect(wantsBulk(state)).toBe(false);
    expect(effects).toEqual([
      { type: 'withdrawSingle' },
      { type: 'report', progress: { state: 'running', via: 'bulk' } },
      { type: 'watchBulkCall', overdueAt: expect.any(Number) },
    ]);
  });

  it('ignores a bulk call sent without it', () => {
    expect(given(single(now), sentWithOthers).effects).toEqual([]);
  });
});

describe('a rider whose GET is in flight', () => {
  it('reports that it is running, needs no bulk call, and ignores one that includes it', () => {
    const { state, effects } = given(single(now), { type: 'listed' }, permitted);
    expect(effects).toEqual([{ type: 'report', progress: { state: 'running', via: 'single' } }]);
    expect(wantsBulk(state)).toBe(false);
    expect(decide(state, sent, now)).toEqual({ state, effects: [] });
  });

  it('is queued again when the GET is lost, and can then use a bulk call', () => {
    for (const lost of [{ type: 'single lost' } as const, single(now + minute)]) {
      const { state } = given(single(now), { type: 'listed' }, permitted, lost);
      expect(state.stage).toBe('queued');
      expect(wantsBulk(state)).toBe(true);
      expect(decide(state, sent, now).state.stage).toBe('bulk call');
    }
  });
});

describe('a rider on a bulk call', () => {
  it('does not use a late permit for its GET', () => {
    expect(given(single(now), sent, permitted)).toMatchObject({ state: { stage: 'bulk call' }, effects: [] });
  });

  it('stays on it when its GET is refused or another call is sent', () => {
    for (const late of [refused(now + 8 * minute), sentWithOthers, single(now)])
      expect(given(refused(now + 8 * minute), sent, late)).toMatchObject({
        state: { stage: 'bulk call' },
        effects: [],
      });
  });

  it('reads its outcome when the call is answered', () => {
    expect(given(sent, { type: 'bulk answered' }).effects).toEqual([{ type: 'readOutcome' }]);
  });

  it('is queued again when the call is lost or overdue', () => {
    for (const type of ['bulk lost', 'bulk overdue'] as const) {
      const { state, effects } = given(single(now), { type: 'listed' }, sent, { type });
      expect(state).toMatchObject({ stage: 'queued', single: undefined });
      expect(effects).toEqual([{ type: 'requestSingle' }]);
      expect(wantsBulk(state)).toBe(true);
    }
  });

  it('counts as overdue after more than the typical time of a call', () => {
    const watch = given(sent).effects.find((effect) => effect.type === 'watchBulkCall');
    expect(watch?.overdueAt).toBeGreaterThan(now + typicalMs.bulk);
    expect(watch?.overdueAt).toBeLessThan(now + 2 * typicalMs.bulk);
  });
});

describe('a rider whose GET is refused', () => {
  it('is listed and waits for a bulk call', () => {
    expect(given(refused(now + 8 * minute)).effects).toEqual([{ type: 'list' }]);
    const { state, effects } = given(refused(now + 8 * minute), { type: 'listed' }, bulk(now + minute));
    expect(effects).toEqual([until(now + minute, 'bulk')]);
    expect(wantsBulk(state)).toBe(true);
  });

  it('is refused when neither call is possible in time, with the earliest possible time', () => {
    const closed = (getAt: number) => given(refused(getAt), bulk(now + 14 * minute)).effects;
    expect(closed(now + 8 * minute)).toEqual([
      { type: 'end', end: { outcome: 'refused', earliest: now + 8 * minute } },
    ]);
    expect(closed(now + 20 * minute)).toEqual([
      { type: 'end', end: { outcome: 'refused', earliest: now + 14 * minute } },
    ]);
  });

  it('is refused with the silence of the limiter that made it late', () => {
    const late: FetchEvent = { type: 'single refused', earliest: now, limiterAwaySince: now - 8 * minute };
    expect(given(late, bulk(now + 14 * minute)).effects).toEqual([
      { type: 'end', end: { outcome: 'refused', earliest: now, limiterAwaySince: now - 8 * minute } },
    ]);
  });

  it('requests a GET again when a bulk call was sent without it', () => {
    const { state, effects } = given(refused(now + 8 * minute), sentWithOthers);
    expect(state.stage).toBe('queued');
    expect(effects).toEqual([{ type: 'requestSingle' }]);
  });

  it('requests a GET again when its bulk call is lost', () => {
    expect(given(refused(now + 8 * minute), { type: 'bulk lost' }).effects).toEqual([
      { type: 'requestSingle' },
    ]);
  });
});

describe('a rider that is stored or cancelled', () => {
  it.each([
    ['queued', [single(now)]],
    ['in a GET', [single(now), permitted]],
    ['in a bulk call', [sent]],
    ['in bulk only', [refused(now + 8 * minute)]],
  ] as const)('while %s ends and ignores later events', (_, before) => {
    const cancelled: FetchEvent = {
      type: 'ended',
      end: { outcome: 'failed', error: new Error('cancelled') },
    };
    for (const end of [stored, cancelled]) {
      const { state, effects } = given(...before, { type: 'listed' }, end);
      expect(typesOf(effects)).toEqual(['end']);
      expect(wantsBulk(state)).toBe(false);
      for (const late of [single(now), permitted, refused(now), bulk(now), sent, stored])
        expect(decide(state, late, now).effects).toEqual([]);
    }
  });
});

describe('a rider after any sequence of events', () => {
  const time = fc.integer({ min: 0, max: 20 * minute }).map((ms) => now + ms);
  const anyEvent: fc.Arbitrary<FetchEvent> = fc.oneof(
    time.map(single),
    time.map(bulk),
    time.map(refused),
    fc.record({ type: fc.constant('bulk sent' as const), included: fc.boolean(), sentAt: time }),
    fc.constantFrom<FetchEvent>(
      permitted,
      { type: 'single lost' },
      { type: 'bulk estimate', estimate: undefined },
      { type: 'listed' },
      { type: 'bulk answered' },
      { type: 'bulk lost' },
      { type: 'bulk overdue' },
      stored,
    ),
  );

  it('uses one call at a time, and otherwise waits in a queue that is open to it', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), time, (events, deadline) => {
        let state = newFetch(deadline, typicalMs);
        let requested = true;
        let ends = 0;
        let lists = 0;
        for (const event of events) {
          // Replies to a withdrawn request are dropped by its caller.
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
            if (effect.type === 'end' && effect.end.outcome === 'refused') {
              expect(event.type === 'single refused' || before.stage === 'bulk only').toBe(true);
              expect(state.bulk?.estimatedAt ?? 0).toBeGreaterThan(deadline);
            }
            if (effect.type === 'report' && 'via' in effect.progress && effect.progress.via === 'single')
              expect(['queued', 'single call']).toContain(state.stage);
          }
          if (state.stage === 'ended') requested = false;
          expect(requested).toBe(state.stage === 'queued' || state.stage === 'single call');
          expect(wantsBulk(state) && (state.stage === 'bulk call' || state.stage === 'single call')).toBe(
            false,
          );
          if (state.stage === 'bulk only') {
            expect(state.listed).not.toBe('no');
            expect(Math.max(now, state.bulk?.estimatedAt ?? now)).toBeLessThanOrEqual(deadline);
          }
          expect(ends).toBe(state.stage === 'ended' ? 1 : 0);
          expect(lists).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('reports the call with the earlier expected answer', () => {
    fc.assert(
      fc.property(time, time, (getAt, bulkAt) => {
        const [reported] = given(single(getAt), bulk(bulkAt)).effects;
        const bySingle = getAt + typicalMs.single;
        const byBulk = bulkAt + typicalMs.bulk;
        const byBulkFirst =
          reported?.type === 'report' && 'via' in reported.progress && reported.progress.via === 'bulk';
        expect(byBulkFirst ? byBulk : bySingle).toBe(Math.min(bySingle, byBulk));
      }),
    );
  });
});
