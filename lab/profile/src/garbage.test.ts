import { describe, expect, it } from 'vitest';
import { garbageOf } from './garbage.ts';
import type { InsideReport } from './inside.ts';

const collection = (before: number, after: number, cost: number) =>
  ({
    gcType: 'Scavenge',
    cost,
    beforeGC: { heapStatistics: { usedHeapSize: before } },
    afterGC: { heapStatistics: { usedHeapSize: after } },
  }) as InsideReport['garbage']['statistics'][number];

const report = (heap: readonly [number, number], ...statistics: InsideReport['garbage']['statistics']) =>
  garbageOf({ heap, garbage: { version: 1, startTime: 0, endTime: 1, statistics } });

describe('the garbage of a process', () => {
  it('is what its heap grew by without a collection', () => {
    expect(report([100, 150])).toEqual({ allocated: 50, ms: 0, collections: 0 });
  });

  it('is what the heap grew by between its collections, which take their time', () => {
    expect(report([100, 40], collection(180, 30, 1_500), collection(90, 20, 500))).toEqual({
      allocated: 80 + 60 + 20,
      ms: 2,
      collections: 2,
    });
  });
});
