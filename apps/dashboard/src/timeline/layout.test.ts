import { describe, expect, it } from 'vitest';
import { kinds, mapValues } from '@paceline/shared/definition';
import type { Conflict, Event, Run, Schedule } from '@paceline/client';
import { timeAxis } from '../parts/layout.ts';
import { at, minute, now } from '@paceline/client/testing';
import { layoutTimeline, type TimelineData } from './layout.ts';

/** 600 px for an hour: ten pixels per minute. */
const axis = timeAxis(now - 50 * minute, now + 10 * minute, 600);
const counts = { planned: 3, synced: 3, failed: 0, deferred: 0, stored: 9 };
const unreadable = { count: 0, ids: [] };
const run = (id: string, start: number, end: number | null, given: Partial<Run> = {}): Run => ({
  runId: id,
  kind: 'near',
  mode: 'on',
  state: end === null ? 'running' : 'done',
  slot: { slotId: `slot:${id}`, opensAt: at(start), closesAt: at(start + 10) },
  startedAt: at(start),
  finishedAt: end === null ? null : at(end),
  counts,
  unreadable,
  waitingFor: null,
  reason: null,
  traceId: null,
  ...given,
});
const timeline = (data: Partial<TimelineData>) =>
  layoutTimeline({ runs: [], events: [], conflicts: [], upcoming: undefined, ...data }, axis, now);
const near = (...runs: Run[]) => timeline({ runs }).bands.find(({ kind }) => kind === 'near');

describe('the timeline', () => {
  it('shows a slot and its run with their durations', () => {
    expect(near(run('a', -40, -33))).toMatchObject({
      slots: [{ x: 100, width: 100 }],
      runs: [
        {
          runId: 'a',
          x: 100,
          width: 70,
          style: 'solid',
          text: 'near sync at Thu 26 Nov 17:50:00, 7 min: 3 near events synced',
        },
      ],
    });
  });

  it('extends an unfinished run to now', () => {
    expect(near(run('a', -5, null))?.runs).toMatchObject([{ x: 450, width: 50 }]);
  });

  it('shows a run without results hollow, and only a failed run in red', () => {
    const nothing = { ...counts, synced: 0, deferred: 3 };
    const runs = [
      run('a', -40, -39, { counts: nothing }),
      run('b', -20, -19, { state: 'failed', reason: 'no database' }),
    ];
    expect(near(...runs)?.runs.map(({ style }) => style)).toEqual(['hollow', 'wrong']);
  });

  it('has a band for each kind, without the runs outside its range', () => {
    const { bands } = timeline({ runs: [run('a', -80, -70), run('b', -30, -29, { kind: 'far' })] });
    expect(bands.map(({ kind, runs }) => [kind, runs.length])).toEqual([
      ['rider', 0],
      ['near', 0],
      ['far', 1],
      ['results', 0],
    ]);
  });

  it('shows upcoming slots, each once', () => {
    const slot = (slotId: string, opens: number) => ({
      slotId,
      opensAt: at(opens),
      closesAt: at(opens + 4),
    });
    const upcoming: Schedule['nextSlots'] = {
      ...mapValues(kinds, () => []),
      near: [slot('slot:a', -2), slot('slot:b', 5)],
    };
    const bands = timeline({ runs: [run('a', -2, null)], upcoming }).bands;
    expect(bands.find(({ kind }) => kind === 'near')?.slots.map(({ slotId, x }) => [slotId, x])).toEqual([
      ['slot:a', 480],
      ['slot:b', 550],
    ]);
  });

  it('draws no line between lanes of which none is that of a sync', () => {
    const ofPrograms: Conflict = {
      at: at(-30),
      upstream: 'strava',
      budget: 'strava:read_15m',
      blocked: 'background',
      blockedBy: 'person',
      expectedWaitSeconds: 60,
    };
    expect(timeline({ conflicts: [ofPrograms] }).conflictLines).toEqual([]);
  });

  it('connects a delayed sync to the band of the lane that goes first, or to the top', () => {
    const conflict = (blockedBy: Conflict['blockedBy']): Conflict => ({
      at: at(-30),
      upstream: 'zwiftracing',
      budget: 'signups',
      blocked: 'far_event_sync',
      blockedBy,
      expectedWaitSeconds: 300,
    });
    const { conflictLines, bands } = timeline({
      conflicts: [conflict('near_event_normal'), conflict('manual_rider_add')],
    });
    const y = (name: string) => bands.find(({ kind }) => kind === name)?.y ?? Number.NaN;
    expect(conflictLines).toMatchObject([
      { x: 200, untilX: 250, text: 'Thu 26 Nov 18:00:00: far sync delayed 5 min by near sync (Signups)' },
      { x: 200, untilX: 250 },
    ]);
    const [toBand, toTop] = conflictLines;
    expect(toBand?.blockedY).toBeGreaterThan(y('far'));
    expect(toBand?.blockerY).toBeGreaterThan(y('near'));
    expect(toBand?.blockerY).toBeLessThan(y('far'));
    expect(toTop?.blockerY).toBeLessThan(y('rider'));
  });

  it('flags event starts, with one flag for events that start together', () => {
    const event = (title: string, start: number) => ({ title, startsAt: at(start) }) as Event;
    const events = [event('late', 8), event('early', 2), event('too', 2.1), event('never seen', 11)];
    const { flags } = timeline({ events });
    expect(flags).toMatchObject([
      { x: 520, titles: [expect.stringMatching(/^early, /), expect.stringMatching(/^too, /)] },
      { x: 580, titles: ['late, Thu 26 Nov 18:38:00 (Thu 26 Nov 18:38:00 UTC)'] },
    ]);
  });
});
