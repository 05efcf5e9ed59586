import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRing } from './feed.ts';

describe('a ring', () => {
  it('keeps the newest items without a gap, within its memory limit except for the newest one', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000),
        fc.integer({ min: 1, max: 200 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 200 }),
        (last, maxBytes, sizes) => {
          const ring = createRing<{ sequence: number; bytes: number }>(last, maxBytes);
          for (const bytes of sizes) ring.push({ sequence: ring.last + 1, bytes });
          expect(ring.last).toBe(last + sizes.length);
          const kept = ring.after(0, 1_000);
          expect(kept.map(({ sequence }) => sequence)).toEqual(
            Array.from({ length: ring.last - ring.first + 1 }, (_, index) => ring.first + index),
          );
          const size = kept.reduce((sum, { bytes }) => sum + bytes, 0);
          expect(size <= maxBytes || kept.length === 1).toBe(true);
          // Nothing was dropped that still fits.
          const next = sizes[sizes.length - kept.length - 1];
          if (next !== undefined) expect(size + next).toBeGreaterThan(maxBytes);
        },
      ),
    );
  });

  it('returns the items after a sequence, up to the limit', () => {
    const ring = createRing<{ sequence: number; bytes: number }>(10, 1_000);
    for (const sequence of [11, 12, 13]) ring.push({ sequence, bytes: 1 });
    const after = (sequence: number, limit: number) =>
      ring.after(sequence, limit).map(({ sequence }) => sequence);
    expect(after(11, 9)).toEqual([12, 13]);
    expect(after(3, 2)).toEqual([11, 12]);
    expect(after(13, 9)).toEqual([]);
  });

  it('rejects gaps, except after a restart', () => {
    const ring = createRing<{ sequence: number; bytes: number }>(10, 1_000);
    expect(() => ring.push({ sequence: 12, bytes: 1 })).toThrow('12 does not follow 10');
    ring.push({ sequence: 11, bytes: 1 });
    ring.restart(2);
    expect([ring.first, ring.last, ring.after(0, 9).length]).toEqual([3, 2, 0]);
    ring.push({ sequence: 3, bytes: 1 });
    expect(ring.after(2, 9)).toHaveLength(1);
  });

  it('drops old items over a long time', () => {
    const ring = createRing<{ sequence: number; bytes: number }>(0, 10);
    for (let sequence = 1; sequence <= 20_000; sequence += 1) ring.push({ sequence, bytes: 1 });
    expect([ring.first, ring.last]).toEqual([19_991, 20_000]);
    expect(ring.after(19_998, 9).map(({ sequence }) => sequence)).toEqual([19_999, 20_000]);
  });
});
