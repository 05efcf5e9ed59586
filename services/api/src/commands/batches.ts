import { meter } from '@paceline/shared/telemetry';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Machine } from '@paceline/shared/clock';

export class CommandQueueFull extends Error {
  override name = 'CommandQueueFull';

  constructor(bound: number) {
    super(`${bound} commands wait to be stored already; API_COMMAND_QUEUE allows no more`);
  }
}

const queued = meter().createUpDownCounter('paceline.commands.queued', {
  unit: '{command}',
  description: 'Commands that wait until the database has stored them',
});
queued.add(0);

/** Does work that stores a command, while fewer than `bound` wait. @throws {CommandQueueFull} before the work begins */
export type CommandQueue = <T>(store: () => Promise<T>) => Promise<T>;

export function commandQueue(bound: number): CommandQueue {
  let waiting = 0;
  return async (store) => {
    if (waiting >= bound) throw new CommandQueueFull(bound);
    waiting += 1;
    queued.add(1);
    try {
      return await store();
    } finally {
      waiting -= 1;
      queued.add(-1);
    }
  };
}

interface BatchItem<In, Out> extends Pick<PromiseWithResolvers<Out>, 'resolve' | 'reject'> {
  readonly item: In;
  /** Runs a function in the trace of the request that the item belongs to. */
  readonly inItsTrace: <T>(work: () => T) => T;
}

/** Machine ms after which one more batch may go beside the first: the first one's connection may be dead. */
const longestAloneMs = 2_000;
const mostInFlight = 2;

/** Group commit: while one batch is in flight, arriving items form the next. `run` answers in their order. */
export function inBatches<In, Out>(
  run: (items: readonly In[]) => Promise<readonly Out[] | void>,
  most: number,
  machine: Machine,
): (item: In) => Promise<Out> {
  type Batch = ReadonlyArray<BatchItem<In, Out>>;
  const waiting: Array<BatchItem<In, Out>> = [];
  let inFlight = 0;
  let first: Batch | undefined;

  function startNext(): void {
    if (waiting.length === 0 || first || inFlight >= mostInFlight) return;
    const batch = waiting.splice(0, most);
    first = batch;
    const callOff = machine.after(longestAloneMs, () => stopWaitingFor(batch));
    inFlight += 1;
    void runAll(batch).then(() => {
      callOff();
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
      const results = (await batch[0]?.inItsTrace(() => run(items))) ?? [];
      batch.forEach(({ resolve }, index) => resolve(results[index] as Out));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  return (item) => {
    const { promise, resolve, reject } = Promise.withResolvers<Out>();
    waiting.push({ item, resolve, reject, inItsTrace: AsyncLocalStorage.snapshot() });
    startNext();
    return promise;
  };
}
