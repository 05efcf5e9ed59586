import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { StrategyName } from './core/simulate.ts';
import type { Job, Lab } from './run.ts';

/** Started first, because it takes as long as several others together. */
const longest: StrategyName = 'paceline';
const isLong = (job: Job): boolean => 'strategy' in job && job.strategy === longest;

/** Performs jobs in threads, one per processor; a free thread takes the next. @returns results in the same order */
async function perform<Result>(jobs: readonly Job[]): Promise<Result[]> {
  const results: Result[] = [];
  const todo = [...jobs.entries()].toSorted(([, a], [, b]) => Number(isLong(b)) - Number(isLong(a)));
  const work = async () => {
    const thread = new Worker(new URL('./thread.ts', import.meta.url));
    try {
      for (let next = todo.shift(); next; next = todo.shift()) {
        const [index, job] = next;
        thread.postMessage(job);
        const [result] = (await once(thread, 'message')) as [Result];
        results[index] = result;
      }
    } finally {
      await thread.terminate();
    }
  };
  const threads = Math.min(availableParallelism(), jobs.length);
  await Promise.all(Array.from({ length: threads }, work));
  return results;
}

export const inParallel: Lab = { simulateAll: perform, boundDays: perform };
