import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Result } from './core/measure/result.ts';
import type { StrategyName } from './core/simulate.ts';
import type { SimulateAll } from './run.ts';

/** One strategy takes as long as several others together: it goes first. */
const longest: StrategyName = 'paceline';

/** Each strategy in a thread of its own, as many at once as there are processors. */
export const inParallel: SimulateAll = async (scenario, strategies) => {
  const results = new Map<StrategyName, Result>();
  const todo = strategies.toSorted((a, b) => Number(b === longest) - Number(a === longest));
  const work = async () => {
    for (let name = todo.shift(); name; name = todo.shift())
      results.set(name, await inThread({ scenario, name }));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return strategies.map((name) => results.get(name) as Result);
};

const inThread = (workerData: object): Promise<Result> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./thread.ts', import.meta.url), { workerData });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
