import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Duties } from './caller.ts';

export type Answer = Promise<unknown>;
type Told = Readonly<Record<string, (what: never) => Answer>>;

/** A process of the bench that makes calls, as the one that directs it sees it. */
export interface Caller {
  /** @throws {Error} what it threw, or that it ended */
  do<Duty extends keyof Duties>(
    duty: Duty,
    ...what: Parameters<Duties[Duty]>
  ): Promise<Awaited<ReturnType<Duties[Duty]>>>;
  kill(): Promise<void>;
}

interface Order {
  readonly order: number;
  readonly duty: string;
  readonly what: unknown;
}

interface Report {
  readonly order: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** The other side: does what it is told, and reports. */
export function answering(duties: Told): void {
  const report = (what: Report) => void process.send?.(what);
  process.on('message', ({ order, duty, what }: Order) => {
    const act = duties[duty] as (what: unknown) => Answer;
    act(what).then(
      (result) => report({ order, result }),
      (error: Error) => report({ order, error: error.stack ?? error.message }),
    );
  });
  // Nobody is left to report to.
  process.on('disconnect', () => process.exit());
}

/** @param execArgv options for its Node */
export function startCaller(execArgv: readonly string[] = []): Caller {
  const child: ChildProcess = fork(join(import.meta.dirname, 'caller.ts'), {
    serialization: 'advanced',
    execArgv: [...execArgv],
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let orders = 0;
  child.on('message', ({ order, result, error }: Report) => {
    const waiter = waiting.get(order);
    waiting.delete(order);
    if (error === undefined) waiter?.resolve(result);
    else waiter?.reject(new Error(error));
  });
  child.on('exit', () => {
    for (const waiter of waiting.values()) waiter.reject(new Error('the calling process ended'));
  });
  return {
    do(duty, ...[what]) {
      orders += 1;
      const waiter = Promise.withResolvers<unknown>();
      waiting.set(orders, waiter);
      child.send({ order: orders, duty, what } satisfies Order);
      return waiter.promise as never;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
