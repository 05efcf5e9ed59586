import type { Child } from '@paceline/embedded';

/** A real server of one test file, in a temporary folder and on a free port, which it keeps. */
export interface TestServer extends AsyncDisposable {
  /** Ends it and removes its folder; for `afterAll`. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash would, and returns when it is gone. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and folder; ends it in good order first if it still runs. */
  restart(): Promise<void>;
}

/**
 * What `TestServer` promises, for a process that runs already.
 * @param again starts the server once more, where it was
 * @param remove removes its folder
 */
export function testServer(
  child: Child,
  again: () => Promise<Child>,
  remove: () => Promise<void>,
): TestServer {
  let current = child;
  const stop = async () => {
    await current.stop();
    await remove();
  };
  return {
    stop,
    [Symbol.asyncDispose]: stop,
    async kill() {
      current.kill('SIGKILL');
      await current.exited;
    },
    async restart() {
      await current.stop();
      current = await again();
    },
  };
}
