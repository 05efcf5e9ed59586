import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** What a worker process can do: each takes one argument, or none. */
type Duties = Readonly<Record<string, (argument: never) => Promise<unknown>>>;

/** A process that carries out duties, as the one that directs it sees it. */
export interface Worker<Known extends Duties> {
  /** @throws {Error} what it threw, or that it ended */
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

/** The worker's side: carries out commands and replies, until the other side is gone. */
export function serveDuties(duties: Duties): void {
  const reply = (what: DutyReply) => void process.send?.(what);
  process.on('message', ({ id, duty, argument }: DutyCommand) => {
    const act = duties[duty] as (argument: unknown) => Promise<unknown>;
    act(argument).then(
      (result) => reply({ id, result }),
      (error: Error) => reply({ id, error: error.stack ?? error.message }),
    );
  });
  process.on('disconnect', () => process.exit());
}

/** @param execArgv options for its Node */
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
    for (const waiter of waiting.values()) waiter.reject(new Error('the worker process ended'));
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
