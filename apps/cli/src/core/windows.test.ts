import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Budget } from '@paceline/client';
import { at, exampleBudget, now, waitingRequest } from '@paceline/client/testing';
import { plain } from './look.ts';
import { barOf, drawBar } from './windows.ts';

const draw = (budget: Budget, width = 21) => drawBar(barOf(budget, now, width), plain);

let permitCount = 0;
/** A call that counts against a one-minute window from `seconds` on. */
const permitOf = (lane: string, seconds: number): Budget['permits'][number] => ({
  permitId: `permit-${(permitCount += 1)}`,
  lane,
  startedAt: at(seconds / 60),
  settled: true,
  leavesAt: at(seconds / 60 + 1),
});

describe('the bar of a rate limit', () => {
  it('has dots after now while calls are available', () => {
    expect(draw(exampleBudget())).toBe('──────────│··········');
  });

  it('shows a call where it starts to count, and a line up to the next available call', () => {
    const budget = exampleBudget({
      permits: [permitOf('rider_sync', -30)],
      freeAt: permitOf('rider_sync', -30).leavesAt,
    });
    expect(draw(budget)).toBe('─────r────│────······');
  });

  it('counts the calls in one cell, and shows waiting requests where they are expected', () => {
    const permits = [permitOf('manual_rider_add', -12), permitOf('rider_sync', -13)];
    const waiting = { count: 1, requests: [waitingRequest('a', 18 / 60, 0, 'near_event_urgent')] };
    expect(draw(exampleBudget({ permits, waiting }))).toBe('────────2─│··u·······');
  });

  it('spans from one reset to the next where upstream resets the window at fixed times', () => {
    const aligned = { from: at(-15), until: at(5), pace: null };
    const permits = [{ ...permitOf('rider_sync', -600), leavesAt: at(5) }];
    const earlier = [{ at: at(-14.5), lane: 'far_event_sync', calls: 12 }];
    const budget = exampleBudget({ aligned, permits, earlier, used: 13 });
    expect(draw(budget, 20)).toBe('─+───r─────────│····');
  });

  it('is hatched during a pause', () => {
    const until = at(0.5);
    expect(draw(exampleBudget({ pausedUntil: { upstream: until, operator: null } }))).toBe(
      '──────────│╱╱╱╱······',
    );
  });

  it('shows every call that counts, at the given width', () => {
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
        expect(cells.filter(({ state }) => state === 'now')).toHaveLength(1);
      }),
    );
  });
});
