import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Budget, Lane } from '@paceline/client';
import { at, exampleBudget, now, waitingRequest } from '@paceline/client/testing';
import { plain } from './look.ts';
import { barOf, drawBar } from './windows.ts';

const draw = (budget: Budget, width = 21) => drawBar(barOf(budget, now, width), plain);

let named = 0;
/** A call that its window of a minute counts from `seconds` on. */
const permitOf = (lane: Lane, seconds: number): Budget['permits'][number] => ({
  permit: `permit-${(named += 1)}`,
  lane,
  startedAt: at(seconds / 60),
  settled: true,
  leavesAt: at(seconds / 60 + 1),
});

describe('the bar of a window', () => {
  it('is a line behind now and dots ahead of it while calls are free', () => {
    expect(draw(exampleBudget())).toBe('──────────│··········');
  });

  it('has a call where the window counts it from, and a line to where the next one is free', () => {
    const budget = exampleBudget({
      permits: [permitOf('rider_sync', -30)],
      freeAt: permitOf('rider_sync', -30).leavesAt,
    });
    expect(draw(budget)).toBe('─────r────│────······');
  });

  it('counts calls that fall into one cell, and shows those who wait where they are expected', () => {
    const permits = [permitOf('manual_rider_add', -12), permitOf('rider_sync', -13)];
    const waiting = { count: 1, next: [waitingRequest('a', 18 / 60, 0, 'near_event_urgent')] };
    expect(draw(exampleBudget({ permits, waiting }))).toBe('────────2─│··u·······');
  });

  it('is hatched while nobody may call', () => {
    const until = at(0.5);
    expect(draw(exampleBudget({ pausedUntil: { upstream: until, operator: null } }))).toBe(
      '──────────│╱╱╱╱······',
    );
  });

  it('holds every call that counts, and is as wide as it is asked to be', () => {
    const lane = fc.constantFrom(
      'manual_rider_add' as const,
      'rider_sync' as const,
      'far_event_sync' as const,
    );
    const permits = fc.array(fc.tuple(lane, fc.integer({ min: -60, max: 0 })), { maxLength: 12 });
    fc.assert(
      fc.property(permits, fc.integer({ min: 3, max: 120 }), (started, width) => {
        const cells = barOf(
          exampleBudget({ permits: started.map(([each, seconds]) => permitOf(each, seconds)) }),
          now,
          width,
        );
        expect(cells).toHaveLength(width);
        expect(cells.flatMap(({ calls }) => calls).toSorted()).toEqual(
          started.map(([each]) => each).toSorted(),
        );
        expect(cells.filter(({ is }) => is === 'now')).toHaveLength(1);
      }),
    );
  });
});
