import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** Functions of a worker process, each with at most one argument. */
type Duties = Readonly<Record<string, (argument: never) => Promise<unknown>>>;

/** A worker process as its parent sees it. */
export interface Worker<Known extends Duties> {
  /** @throws {Error} the worker's error, or that it exited */
  do<Duty extends keyof Known & string>(
    duty: Duty,
    ...argument: Parameters<Known[Duty]>
  ): Promise<Awaited<ReturnType<Known[Duty]>>>;
  kill(): Promise<void>;
}

interface DutyCommand {
  readonly id: number;
  readonly duty: string;
  readonly argument: unknown;
}

interface DutyReply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** The worker's side: runs commands until the parent disconnects. */
export function serveDuties(duties: Duties): void {
  const reply = (message: DutyReply) => void process.send?.(message);
  process.on('message', ({ id, duty, argument }: DutyCommand) => {
    const act = duties[duty] as (argument: unknown) => Promise<unknown>;
    act(argument).then(
      (result) => reply({ id, result }),
      (error: Error) => reply({ id, error: error.stack ?? error.message }),
    );
  });
  process.on('disconnect', () => process.exit());
}

/** @param execArgv Node options */
export function startWorker<Known extends Duties>(
  script: string,
  execArgv: readonly string[],
): Worker<Known> {
  const child: ChildProcess = fork(script, { serialization: 'advanced', execArgv: [...execArgv] });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let sent = 0;
  child.on('message', ({ id, result, error }: DutyReply) => {
    const waiter = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) waiter?.resolve(result);
    else waiter?.reject(new Error(error));
  });
  child.on('exit', () => {
    for (const waiter of waiting.values()) waiter.reject(new Error('worker process exited'));
  });
  return {
    do(duty, ...[argument]) {
      sent += 1;
      const waiter = Promise.withResolvers<unknown>();
      waiting.set(sent, waiter);
      child.send({ id: sent, duty, argument } satisfies DutyCommand);
      return waiter.promise as never;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
