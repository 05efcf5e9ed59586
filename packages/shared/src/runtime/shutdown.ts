import closeWithGrace from 'close-with-grace';
import type { Logger } from '../telemetry/index.ts';

export interface Phase {
  readonly name: string;
  readonly limitMs: number;
  readonly run: () => Promise<void>;
}

/** Runs each phase for `limitMs` (real) at most, also after a failed one. Returns whether all went well. */
export async function shutDown(phases: readonly Phase[], log: Logger): Promise<boolean> {
  let clean = true;
  for (const { name, limitMs, run } of phases) {
    try {
      await within(limitMs, Promise.resolve().then(run));
    } catch (error) {
      clean = false;
      log.error({ err: error, phase: name }, `shutdown: ${name} failed`);
    }
  }
  return clean;
}

/** Left to Node: after a real crash signal no JavaScript should run, and an empty event loop may just end. */
const notOurs: closeWithGrace.AllEvents[] = [
  'SIGQUIT',
  'SIGILL',
  'SIGTRAP',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGSEGV',
  'SIGUSR2',
  'beforeExit',
];

/** Ends the process after `shutDown`: 0 after a signal and a clean shutdown, else 1. A second signal ends it at once. */
export function onShutdown(log: Logger, shutDown: () => Promise<boolean>): void {
  const settings: closeWithGrace.Options = {
    delay: false,
    logger: false,
    skip: notOurs,
    onSecondSignal: (signal) => log.warn({ signal }, 'a second signal: ending at once'),
    onSecondError: (error) =>
      log.fatal({ err: error }, 'an uncaught error while shutting down: ending at once'),
  };
  closeWithGrace(settings, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'uncaught error: shutting down');
    else log.info({ signal }, 'shutting down');
    // Its way to exit code 1 is a rejection; the reasons are in the log by then.
    if (!(await shutDown())) throw new Error('shutdown was not clean');
    log.info('stopped');
  });
}

/** Settles as `work`, or rejects after `limitMs` (real); the work goes on. */
export async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not finish within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
