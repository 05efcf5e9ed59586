import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { SimulationResult } from './core/result.ts';
import type { StrategyName } from './core/simulate.ts';
import type { SimulateAll } from './run.ts';

/** Started first, because it takes as long as several others together. */
const longest: StrategyName = 'paceline';

/** Runs simulations in threads, one per processor; a free thread takes the next. */
export const inParallel: SimulateAll = async (simulations) => {
  const results: SimulationResult[] = [];
  const todo = [...simulations.entries()].toSorted(
    ([, a], [, b]) => Number(b.strategy === longest) - Number(a.strategy === longest),
  );
  const work = async () => {
    const thread = new Worker(new URL('./thread.ts', import.meta.url));
    try {
      for (let next = todo.shift(); next; next = todo.shift()) {
        const [index, simulation] = next;
        thread.postMessage(simulation);
        const [result] = (await once(thread, 'message')) as [SimulationResult];
        results[index] = result;
      }
    } finally {
      await thread.terminate();
    }
  };
  const threads = Math.min(availableParallelism(), simulations.length);
  await Promise.all(Array.from({ length: threads }, work));
  return results;
};
