import type { Exit, SpawnedProcess } from '@paceline/embedded';
import { type Machine, pause, thisMachine } from '@paceline/shared/clock';

/** A process that is restarted whenever it dies, on the same port and with its stored data. */
export interface RestartableProcess {
  readonly name: string;
  pid(): number | undefined;
  /** Kills it, as a crash would, and leaves it down until `start`. */
  crash(): Promise<void>;
  /** Starts it unless it runs. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What all supervised processes of a stack share. */
export interface Supervision {
  /** Prints a line to the console. */
  readonly report: (line: string) => void;
  /** The time of the pauses before restarts; default this machine's. */
  readonly machine?: Machine | undefined;
}

export interface Supervised extends Supervision {
  readonly name: string;
  readonly logFile: string;
  readonly launch: () => Promise<SpawnedProcess>;
  /** The process, if already launched. */
  readonly running?: SpawnedProcess;
}

/** Real ms before a restart: doubled up to the maximum while the process keeps dying early. */
const firstDelayMs = 1_000;
const maxDelayMs = 30_000;
/** Real ms after which a process counts as well again. */
const steadyMs = 60_000;

export function supervise(options: Supervised): RestartableProcess {
  const { name, logFile, launch, running, report, machine = thisMachine } = options;
  let child: SpawnedProcess | undefined;
  let shouldRun = running !== undefined;
  let launching: Promise<void> | undefined;
  let cancelWait = new AbortController();
  let restarts = 0;

  const watch = (started: SpawnedProcess) => {
    child = started;
    const startedAt = machine.elapsed();
    void started.exited.then((exit) => {
      if (child === started) child = undefined;
      if (!shouldRun) return;
      if (machine.elapsed() - startedAt >= steadyMs) restarts = 0;
      report(`${name} ${reasonOf(exit)}, restarting (log: ${logFile})`);
      void restart();
    });
  };
  const launchOnce = async () => {
    if (child) return;
    const started = await launch();
    if (shouldRun) watch(started);
    else await started.stop();
  };
  /** Never launches it twice at the same time. */
  const ensureRunning = () => (launching ??= launchOnce().finally(() => (launching = undefined)));

  async function restart(): Promise<void> {
    while (shouldRun && !child) {
      const delayMs = Math.min(maxDelayMs, firstDelayMs * 2 ** restarts);
      restarts += 1;
      await pause(machine, delayMs, cancelWait.signal).catch(() => undefined);
      if (!shouldRun) return;
      try {
        await ensureRunning();
        if (child) report(`${name} is running again`);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        report(`${name} could not be restarted, trying again: ${reason} (log: ${logFile})`);
      }
    }
  }

  const end = async (how: (running: SpawnedProcess) => Promise<unknown>) => {
    shouldRun = false;
    cancelWait.abort();
    cancelWait = new AbortController();
    await launching?.catch(() => undefined);
    if (child) await how(child);
  };
  if (running) watch(running);
  return {
    name,
    pid: () => child?.pid,
    crash: () => end(({ kill, exited }) => (kill('SIGKILL'), exited)),
    async start() {
      shouldRun = true;
      await ensureRunning();
    },
    stop: () => end((process) => process.stop()),
  };
}

const reasonOf = ({ code, signal }: Exit): string =>
  signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
