import type { SyncKind } from '@paceline/shared/definition';
import type { Slot } from '@paceline/shared/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overlapsBetween, overrunsOf, timeTogether } from './overlaps.ts';

const slotsAt = (kind: SyncKind, opens: readonly number[], length: number): Slot[] =>
  opens
    .toSorted((a, b) => a - b)
    .map((at) => ({ slotId: `slot:${kind}:${at}`, kind, scheduledFor: at, endsAt: at + length }));
const openings = fc.uniqueArray(fc.nat(60), { maxLength: 8 });
const length = fc.integer({ min: 1, max: 20 });

describe('overlaps', () => {
  it('are those pairs of slots that share a moment, and together as long as a count of moments says', () => {
    fc.assert(
      fc.property(openings, length, openings, length, (nears, nearLength, fars, farLength) => {
        const near = slotsAt('near', nears, nearLength);
        const far = slotsAt('far', fars, farLength);
        const pairs = overlapsBetween(near, far);
        const isOpen = (slots: readonly Slot[], at: number) =>
          slots.some(({ scheduledFor, endsAt }) => scheduledFor <= at && at < endsAt);
        const shared = Array.from({ length: 90 }, (_, at) => at).filter(
          (at) => isOpen(near, at) && isOpen(far, at),
        );
        expect(timeTogether(pairs, 0, 90)).toBe(shared.length);
        expect(timeTogether(pairs, 10, 30)).toBe(shared.filter((at) => at >= 10 && at < 30).length);
        const each = near.flatMap((one) =>
          far.filter(
            (other) => Math.max(one.scheduledFor, other.scheduledFor) < Math.min(one.endsAt, other.endsAt),
          ),
        );
        expect(pairs).toHaveLength(each.length);
        for (const [first, second] of pairs)
          expect(first.scheduledFor).toBeLessThanOrEqual(second.scheduledFor);
      }),
    );
  });

  it('of a slot with the next one of its kind begin where it is longer than the distance', () => {
    expect(overrunsOf(slotsAt('near', [0, 10, 25], 10))).toEqual([]);
    expect(overrunsOf(slotsAt('near', [0, 10, 25], 11)).map(([, { scheduledFor }]) => scheduledFor)).toEqual([
      10,
    ]);
  });
});
