import closeWithGrace from 'close-with-grace';
import type { Logger } from '../telemetry/index.ts';

export interface Phase {
  readonly name: string;
  readonly limitMs: number;
  readonly run: () => Promise<void>;
}

/** Runs each phase for at most `limitMs` (real), also after a failed one. Returns whether all succeeded. */
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

/** Left to Node: no JavaScript should run after a crash signal, and an empty event loop can just end. */
const ignoredEvents: closeWithGrace.AllEvents[] = [
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

/** Exits after `shutDown`: with 0 after a signal and a clean shutdown, else 1. A second signal exits immediately. */
export function onShutdown(log: Logger, shutDown: (isCrash: boolean) => Promise<boolean>): void {
  const settings: closeWithGrace.Options = {
    delay: false,
    logger: false,
    skip: ignoredEvents,
    onSecondSignal: (signal) => log.warn({ signal }, 'second signal, exiting immediately'),
    onSecondError: (error) =>
      log.fatal({ err: error }, 'uncaught error during shutdown, exiting immediately'),
  };
  closeWithGrace(settings, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'uncaught error, shutting down');
    else log.info({ signal }, 'shutting down');
    // close-with-grace exits with 1 after a rejection. The reasons are already logged.
    if (!(await shutDown(err !== undefined))) throw new Error('shutdown was not clean');
    log.info('stopped');
  });
}

/** Settles like `work`, or rejects after `limitMs` (real); the work continues. */
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
