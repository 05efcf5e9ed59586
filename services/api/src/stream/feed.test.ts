import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRing } from './feed.ts';

describe('a ring', () => {
  it('keeps the newest things without a hole, and no more than its bound beside the newest', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000),
        fc.integer({ min: 1, max: 200 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 200 }),
        (last, bound, sizes) => {
          const ring = createRing<{ sequence: number; bytes: number }>(last, bound);
          for (const bytes of sizes) ring.push({ sequence: ring.last + 1, bytes });
          expect(ring.last).toBe(last + sizes.length);
          const kept = ring.behind(0, 1_000);
          expect(kept.map(({ sequence }) => sequence)).toEqual(
            Array.from({ length: ring.last - ring.first + 1 }, (_, index) => ring.first + index),
          );
          const weighs = kept.reduce((sum, { bytes }) => sum + bytes, 0);
          expect(weighs <= bound || kept.length === 1).toBe(true);
          // What would have had room beside them was not forgotten.
          const next = sizes[sizes.length - kept.length - 1];
          if (next !== undefined) expect(weighs + next).toBeGreaterThan(bound);
        },
      ),
    );
  });

  it('gives what is behind a place, as much as is asked for', () => {
    const ring = createRing<{ sequence: number; bytes: number }>(10, 1_000);
    for (const sequence of [11, 12, 13]) ring.push({ sequence, bytes: 1 });
    const after = (place: number, limit: number) => ring.behind(place, limit).map(({ sequence }) => sequence);
    expect(after(11, 9)).toEqual([12, 13]);
    expect(after(3, 2)).toEqual([11, 12]);
    expect(after(13, 9)).toEqual([]);
  });

  it('takes only what follows, until it begins anew', () => {
    const ring = createRing<{ sequence: number; bytes: number }>(10, 1_000);
    expect(() => ring.push({ sequence: 12, bytes: 1 })).toThrow('12 does not follow 10');
    ring.push({ sequence: 11, bytes: 1 });
    ring.restart(2);
    expect([ring.first, ring.last, ring.behind(0, 9).length]).toEqual([3, 2, 0]);
    ring.push({ sequence: 3, bytes: 1 });
    expect(ring.behind(2, 9)).toHaveLength(1);
  });

  it('goes on for ever in little memory', () => {
    const ring = createRing<{ sequence: number; bytes: number }>(0, 10);
    for (let sequence = 1; sequence <= 20_000; sequence += 1) ring.push({ sequence, bytes: 1 });
    expect([ring.first, ring.last]).toEqual([19_991, 20_000]);
    expect(ring.behind(19_998, 9).map(({ sequence }) => sequence)).toEqual([19_999, 20_000]);
  });
});
