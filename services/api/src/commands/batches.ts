import { meter } from '@paceline/shared/telemetry';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Machine } from '@paceline/shared/clock';
import { count } from '@paceline/shared/words';

export class CommandQueueFull extends Error {
  override name = 'CommandQueueFull';

  constructor(limit: number) {
    super(`Command queue full: ${count(limit, 'command')} waiting to be stored (API_COMMAND_QUEUE)`);
  }
}

const queuedCommands = meter().createUpDownCounter('paceline.commands.queued', {
  unit: '{command}',
  description: 'Commands waiting to be stored in the database',
});
queuedCommands.add(0);

/** Runs `store`, unless `limit` commands are waiting already. @throws {CommandQueueFull} without running it */
export type CommandQueue = <T>(store: () => Promise<T>) => Promise<T>;

export function commandQueue(limit: number): CommandQueue {
  let waiting = 0;
  return async (store) => {
    if (waiting >= limit) throw new CommandQueueFull(limit);
    waiting += 1;
    queuedCommands.add(1);
    try {
      return await store();
    } finally {
      waiting -= 1;
      queuedCommands.add(-1);
    }
  };
}

interface BatchItem<In, Out> extends Pick<PromiseWithResolvers<Out>, 'resolve' | 'reject'> {
  readonly item: In;
  /** Runs a function in the trace context of the item's request. */
  readonly inTraceContext: <T>(work: () => T) => T;
}

/** Machine ms after which a second batch can start: the first one's connection may be dead. */
const secondBatchAfterMs = 2_000;
const maxInFlight = 2;

/** Group commit: items that arrive while a batch is in flight form the next one. `run` returns results in item order. */
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
      for (const { reject } of batch) reject(error);
    }
  }

  return (item) => {
    const { promise, resolve, reject } = Promise.withResolvers<Out>();
    waiting.push({ item, resolve, reject, inTraceContext: AsyncLocalStorage.snapshot() });
    startNext();
    return promise;
  };
}
