import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { SimulationResult } from './core/result.ts';
import type { StrategyName } from './core/simulate.ts';
import type { SimulateAll } from './run.ts';

/** Started first, because it takes as long as several others together. */
const longest: StrategyName = 'paceline';

/** Simulates the strategies in threads, one per processor; a free thread takes the next strategy. */
export const inParallel: SimulateAll = async (scenario, strategies) => {
  const results = new Map<StrategyName, SimulationResult>();
  const todo = strategies.toSorted((a, b) => Number(b === longest) - Number(a === longest));
  const work = async () => {
    const thread = new Worker(new URL('./thread.ts', import.meta.url), { workerData: scenario });
    try {
      for (let name = todo.shift(); name; name = todo.shift()) {
        thread.postMessage(name);
        const [result] = (await once(thread, 'message')) as [SimulationResult];
        results.set(name, result);
      }
    } finally {
      await thread.terminate();
    }
  };
  const threads = Math.min(availableParallelism(), strategies.length);
  await Promise.all(Array.from({ length: threads }, work));
  return strategies.map((name) => results.get(name) as SimulationResult);
};
