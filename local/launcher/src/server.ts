import type { Child } from '@paceline/embedded';

/** A broker or database that came along. Ended and started again, it is where it was, with what it had stored. */
export interface Server {
  readonly name: string;
  pid(): number | undefined;
  /** Ends it at once, as a crash would, and leaves it down until `start`. */
  crash(): Promise<void>;
  /** Starts it, unless it runs, and returns when it answers. */
  start(): Promise<void>;
  /** Ends it in good order. */
  stop(): Promise<void>;
}

/** @param again starts it once more, where it was */
export function keepServer(name: string, first: Child, again: () => Promise<Child>): Server {
  let child: Child | undefined = first;
  const watch = (started: Child) =>
    void started.exited.then(() => {
      if (child === started) child = undefined;
    });
  watch(first);
  return {
    name,
    pid: () => child?.pid,
    async crash() {
      child?.kill('SIGKILL');
      await child?.exited;
    },
    async start() {
      if (child) return;
      child = await again();
      watch(child);
    },
    async stop() {
      await child?.stop();
    },
  };
}
