import { describe, expect, it } from 'vitest';
import { spentUntil, windowOf } from '../testing/limiter.ts';
import { expectedProgress } from './estimate.ts';

const now = 1_000;
const hour = 3_600_000;
const policy = { limit: 5, windowMs: 60_000, from: 'documented' as const, since: null };
const single = (known: Parameters<typeof windowOf>[1] = {}) =>
  windowOf('riders_single', { policy, available: 5, ...known });
const bulkLater = spentUntil('riders_bulk', now + hour);
const leaving = (...moments: number[]) =>
  moments.map((leavesAt, index) => ({
    permit: String(index),
    lane: 'manual_rider_add' as const,
    startedAt: 0,
    settled: true,
    leavesAt,
  }));

describe('the estimate of a new add', () => {
  it('is now while calls are left for it and for those before it', () => {
    const windows = [single({ available: 2, permits: leaving(61_000, 61_000, 61_000) }), bulkLater];
    for (const [ahead, position] of [
      [0, 1],
      [1, 2],
    ] as const)
      expect(expectedProgress(windows, 'single', ahead, now)).toEqual({
        state: 'waiting_in_line',
        position,
        at: now,
        via: 'single',
      });
  });

  it('is when the window opens, if the add is next and no call is left', () => {
    const spent = single({
      available: 0,
      permits: leaving(61_000, 62_000, 63_000, 64_000, 65_000),
      freeAt: 61_000,
    });
    expect(expectedProgress([spent, bulkLater], 'single', 0, now)).toEqual({
      state: 'waiting_for_window',
      until: 61_000,
      via: 'single',
    });
  });

  it('gives each of many its own place: the calls that leave one by one, then a window later each', () => {
    const spent = single({
      available: 0,
      permits: leaving(61_000, 62_000, 63_000, 64_000, 65_000),
      freeAt: 61_000,
    });
    const at = (ahead: number) => expectedProgress([spent, bulkLater], 'single', ahead, now);
    expect(at(4)).toMatchObject({ position: 5, at: 65_000 });
    expect(at(5)).toMatchObject({ position: 6, at: 123_000 });
    expect(at(14)).toMatchObject({ position: 15, at: 189_000 });
  });

  it('counts a call that is granted and not started as one that leaves a window later', () => {
    const windows = [single({ available: 4 }), bulkLater];
    expect(expectedProgress(windows, 'single', 4, now)).toMatchObject({ position: 5, at: now + 62_000 });
  });

  it('is the next bulk call when that is answered earlier', () => {
    const windows = [single(), spentUntil('riders_bulk', 90_000)];
    expect(expectedProgress(windows, 'single', 14, now)).toMatchObject({ at: now + 124_000, via: 'single' });
    expect(expectedProgress(windows, 'single', 199, now)).toEqual({
      state: 'waiting_for_window',
      until: 90_000,
      via: 'bulk',
    });
    expect(expectedProgress(windows, 'single', 1_500, now)).toEqual({
      state: 'waiting_in_line',
      position: 2,
      at: 200_000,
      via: 'bulk',
    });
  });

  it('is the end of a pause, and says whose pause it is', () => {
    const pausedUntil = { upstream: 20_000, operator: null };
    const windows = [single({ available: 0, freeAt: 20_000, pausedUntil }), bulkLater];
    expect(expectedProgress(windows, 'single', 0, now)).toEqual({
      state: 'paused_by_upstream',
      until: 20_000,
      via: 'single',
    });
    const operator = { upstream: null, operator: 30_000 };
    expect(
      expectedProgress(
        [single({ available: 0, freeAt: 30_000, pausedUntil: operator }), bulkLater],
        'single',
        0,
        now,
      ),
    ).toMatchObject({ state: 'paused_by_operator', until: 30_000 });
  });

  it('has a place and no time when the limiter does not answer', () => {
    expect(expectedProgress(undefined, 'single', 6, now)).toEqual({
      state: 'waiting_in_line',
      position: 7,
      at: null,
    });
  });
});

describe('the estimate of a new import', () => {
  it('is the bulk call that has room for its first rider, whatever is left for single riders', () => {
    const windows = [single(), spentUntil('riders_bulk', 99_000)];
    expect(expectedProgress(windows, 'bulk', 999, now)).toEqual({
      state: 'waiting_for_window',
      until: 99_000,
      via: 'bulk',
    });
    expect(expectedProgress(windows, 'bulk', 2_000, now)).toMatchObject({ position: 3, at: 319_000 });
  });
});
