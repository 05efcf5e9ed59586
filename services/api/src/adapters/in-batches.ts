import { AsyncLocalStorage } from 'node:async_hooks';

interface Waiting<In, Out> extends Pick<PromiseWithResolvers<Out>, 'resolve' | 'reject'> {
  readonly item: In;
  /** Runs a function in the trace of the request that the item belongs to. */
  readonly inItsTrace: <T>(work: () => T) => T;
}

/**
 * Group commit: while one batch is in flight, arriving items gather, and the next batch takes them all. One item alone
 * waits for nothing. A batch is traced with its first item's request.
 * @param run does all items in one go and returns what became of each, in their order; when it fails all of them fail
 * @param most items of one batch
 */
export function inBatches<In, Out>(
  run: (items: readonly In[]) => Promise<readonly Out[]>,
  most: number,
): (item: In) => Promise<Out> {
  const waiting: Array<Waiting<In, Out>> = [];
  let running = false;

  async function runAll(): Promise<void> {
    running = true;
    for (let batch = waiting.splice(0, most); batch[0]; batch = waiting.splice(0, most)) {
      const items = batch.map(({ item }) => item);
      try {
        const results = await batch[0].inItsTrace(() => run(items));
        batch.forEach(({ resolve }, index) => resolve(results[index] as Out));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    running = false;
  }

  return (item) => {
    const { promise, resolve, reject } = Promise.withResolvers<Out>();
    waiting.push({ item, resolve, reject, inItsTrace: AsyncLocalStorage.snapshot() });
    if (!running) void runAll();
    return promise;
  };
}
