import fc from 'fast-check';
import type { WindowView } from '@paceline/shared/contracts';
import { windowOf } from '@paceline/shared/testing/fixtures';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { describe, expect, it } from 'vitest';
import { spentUntil } from '../testing/services.ts';
import { estimatedProgress } from './rules.ts';

const { endpoints } = loadUpstreams({}).zwiftracing;
const now = 1_000;
const hour = 3_600_000;
const policy = { limit: 5, windowMs: 60_000, from: 'documented' as const, since: null };
const single = (overrides: Parameters<typeof windowOf>[1] = {}) =>
  windowOf('riders_single', { policy, available: 5, ...overrides });
const bulkLater = spentUntil('riders_bulk', now + hour);
const leaving = (...times: number[]) =>
  times.map((leavesAt, index) => ({
    permit: String(index),
    lane: 'manual_rider_add' as const,
    startedAt: 0,
    settled: true,
    leavesAt,
  }));

describe('the estimate of a new add', () => {
  it('is now while calls are available for it and for those ahead', () => {
    const windows = [single({ available: 2, permits: leaving(61_000, 61_000, 61_000) }), bulkLater];
    for (const [ahead, position] of [
      [0, 1],
      [1, 2],
    ] as const)
      expect(estimatedProgress(endpoints, windows, 'single', ahead, now)).toEqual({
        state: 'waiting_in_line',
        position,
        at: now,
        via: 'single',
      });
  });

  it('is the time when the window opens, if the add is next and no call is available', () => {
    const spent = single({
      available: 0,
      permits: leaving(61_000, 62_000, 63_000, 64_000, 65_000),
      freeAt: 61_000,
    });
    expect(estimatedProgress(endpoints, [spent, bulkLater], 'single', 0, now)).toEqual({
      state: 'waiting_for_window',
      until: 61_000,
      via: 'single',
    });
  });

  it('differs for each of many: as calls leave the window one by one, then one window later each', () => {
    const spent = single({
      available: 0,
      permits: leaving(61_000, 62_000, 63_000, 64_000, 65_000),
      freeAt: 61_000,
    });
    const at = (ahead: number) => estimatedProgress(endpoints, [spent, bulkLater], 'single', ahead, now);
    expect(at(4)).toMatchObject({ position: 5, at: 65_000 });
    expect(at(5)).toMatchObject({ position: 6, at: 124_000 });
    expect(at(14)).toMatchObject({ position: 15, at: 191_000 });
  });

  it('counts a granted call that has not started as one that leaves a window later', () => {
    const windows = [single({ available: 4 }), bulkLater];
    expect(estimatedProgress(endpoints, windows, 'single', 4, now)).toMatchObject({
      position: 5,
      at: now + 63_000,
    });
  });

  it('is the next bulk call if that returns earlier', () => {
    const windows = [single(), spentUntil('riders_bulk', 90_000)];
    expect(estimatedProgress(endpoints, windows, 'single', 14, now)).toMatchObject({
      at: now + 126_000,
      via: 'single',
    });
    expect(estimatedProgress(endpoints, windows, 'single', 199, now)).toEqual({
      state: 'waiting_for_window',
      until: 90_000,
      via: 'bulk',
    });
    expect(estimatedProgress(endpoints, windows, 'single', 1_500, now)).toEqual({
      state: 'waiting_in_line',
      position: 2,
      at: 201_000,
      via: 'bulk',
    });
  });

  it('is the end of a pause, with a state that tells whether upstream or an operator paused', () => {
    const pausedUntil = { upstream: 20_000, operator: null };
    const windows = [single({ available: 0, freeAt: 20_000, pausedUntil }), bulkLater];
    expect(estimatedProgress(endpoints, windows, 'single', 0, now)).toEqual({
      state: 'paused_by_upstream',
      until: 20_000,
      via: 'single',
    });
    const operator = { upstream: null, operator: 30_000 };
    expect(
      estimatedProgress(
        endpoints,
        [single({ available: 0, freeAt: 30_000, pausedUntil: operator }), bulkLater],
        'single',
        0,
        now,
      ),
    ).toMatchObject({ state: 'paused_by_operator', until: 30_000 });
  });

  it('is the end of a pause that ends before all counted calls have left the window', () => {
    const pausedUntil = { upstream: null, operator: now + 10_000 };
    const permits = leaving(now + 50_000);
    const windows = [single({ available: 0, permits, freeAt: now + 10_000, pausedUntil }), bulkLater];
    const at = (ahead: number) => estimatedProgress(endpoints, windows, 'single', ahead, now);
    expect([0, 3].map(at)).toEqual(
      Array(2).fill({ state: 'paused_by_operator', until: now + 10_000, via: 'single' }),
    );
    expect(at(4)).toMatchObject({ until: now + 50_000 });
  });

  it("is the limiter's own for the next add, even if an open call may take longer", () => {
    const [permit] = leaving(now + 91_000);
    const permits = [{ ...permit, settled: false }] as WindowView['permits'];
    const windows = [spentUntil('riders_single', now + 62_500), bulkLater].map((view) =>
      view.endpoint === 'riders_single' ? { ...view, permits } : view,
    );
    expect(estimatedProgress(endpoints, windows, 'single', 0, now)).toMatchObject({ until: now + 62_500 });
    expect(estimatedProgress(endpoints, windows, 'single', 1, now)).toMatchObject({ at: now + 125_500 });
  });

  it('is never earlier for a later position, nor before the window is free and its pause has ended', () => {
    const ahead = fc.integer({ min: 0, max: 200_000 });
    const maybe = fc.option(ahead.map((ms) => now + ms));
    const window = fc.record({
      limit: fc.integer({ min: 1, max: 7 }),
      leave: fc.array(ahead, { maxLength: 7 }),
      available: fc.integer({ min: 0, max: 7 }),
      freeAt: maybe,
      upstream: maybe,
      operator: maybe,
      unknownUntil: maybe,
    });
    fc.assert(
      fc.property(window, ({ limit, leave, available, freeAt, upstream, operator, unknownUntil }) => {
        const view = single({
          policy: { ...policy, limit },
          permits: leaving(...leave.map((ms) => now + ms)),
          available: freeAt === null ? available : 0,
          freeAt,
          pausedUntil: { upstream, operator },
          unknownUntil,
        });
        const never = spentUntil('riders_bulk', now + 1_000_000_000);
        const times = Array.from({ length: 3 * limit }, (_, position) => {
          const progress = estimatedProgress(endpoints, [view, never], 'single', position, now);
          return ('until' in progress ? progress.until : 'at' in progress && progress.at) as number;
        });
        expect(times).toEqual(times.toSorted((one, other) => one - other));
        expect(times[0]).toBeGreaterThanOrEqual(Math.max(freeAt ?? now, upstream ?? now, operator ?? now));
      }),
    );
  });

  it('has a position but no time if the limiter does not answer', () => {
    expect(estimatedProgress(endpoints, undefined, 'single', 6, now)).toEqual({
      state: 'waiting_in_line',
      position: 7,
      at: null,
    });
  });
});

describe('the estimate of a new import', () => {
  it('is the bulk call that has room for its first rider, even if single calls are available', () => {
    const windows = [single(), spentUntil('riders_bulk', 99_000)];
    expect(estimatedProgress(endpoints, windows, 'bulk', 999, now)).toEqual({
      state: 'waiting_for_window',
      until: 99_000,
      via: 'bulk',
    });
    expect(estimatedProgress(endpoints, windows, 'bulk', 2_000, now)).toMatchObject({
      position: 3,
      at: 321_000,
    });
  });
});
