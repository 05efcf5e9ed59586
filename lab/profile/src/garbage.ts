import type { InsideReport } from './inside.ts';

/** What a process allocated on its heap, bytes, and how long it collected garbage, ms. */
export function garbageOf({ garbage, heap: [start, end] }: Pick<InsideReport, 'garbage' | 'heap'>) {
  let allocated = 0;
  let micros = 0;
  let used = start;
  for (const { beforeGC, afterGC, cost } of garbage.statistics) {
    // A collection can start before another has ended.
    allocated += Math.max(0, beforeGC.heapStatistics.usedHeapSize - used);
    used = afterGC.heapStatistics.usedHeapSize;
    micros += cost;
  }
  return {
    allocated: allocated + Math.max(0, end - used),
    ms: micros / 1_000,
    collections: garbage.statistics.length,
  };
}
