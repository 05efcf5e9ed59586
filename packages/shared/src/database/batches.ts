import { AsyncLocalStorage } from 'node:async_hooks';
import type { Machine } from '../clock/index.ts';
import { isBadData } from './errors.ts';

interface BatchItem<In, Out> extends Pick<PromiseWithResolvers<Out>, 'resolve' | 'reject'> {
  readonly item: In;
  /** Runs a function in the trace context of the item's request. */
  readonly inTraceContext: <T>(work: () => T) => T;
}

/** Machine ms after which a second batch can start: the first one's connection may be dead. */
const secondBatchAfterMs = 2_000;
const maxInFlight = 2;

/**
 * Group commit: items of one event-loop turn, and those that arrive while a batch is in flight, share a batch. When Postgres can't store a value of a batch, each of
 * its items is tried alone.
 * @param run returns results in item order
 */
export function inBatches<In, Out>(
  run: (items: readonly In[]) => Promise<readonly Out[] | void>,
  maxItems: number,
  machine: Machine,
): (item: In) => Promise<Out> {
  type Batch = ReadonlyArray<BatchItem<In, Out>>;
  const waiting: Array<BatchItem<In, Out>> = [];
  let inFlight = 0;
  let first: Batch | undefined;

  function startNext(): void {
    if (waiting.length === 0 || first || inFlight >= maxInFlight) return;
    const batch = waiting.splice(0, maxItems);
    first = batch;
    const cancelTimer = machine.after(secondBatchAfterMs, () => stopWaitingFor(batch));
    inFlight += 1;
    void runAll(batch).then(() => {
      cancelTimer();
      inFlight -= 1;
      stopWaitingFor(batch);
    });
  }

  function stopWaitingFor(batch: Batch): void {
    if (first === batch) first = undefined;
    startNext();
  }

  async function runAll(batch: Batch): Promise<void> {
    try {
      const items = batch.map(({ item }) => item);
      const results = (await batch[0]?.inTraceContext(() => run(items))) ?? [];
      batch.forEach(({ resolve }, index) => resolve(results[index] as Out));
    } catch (error) {
      if (batch.length > 1 && isBadData(error)) await Promise.all(batch.map((item) => runAll([item])));
      else for (const { reject } of batch) reject(error);
    }
  }

  return (item) => {
    const { promise, resolve, reject } = Promise.withResolvers<Out>();
    if (waiting.length === 0) setImmediate(startNext);
    waiting.push({ item, resolve, reject, inTraceContext: AsyncLocalStorage.snapshot() });
    return promise;
  };
}
