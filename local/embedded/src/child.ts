import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, open, rm, stat, truncate } from 'node:fs/promises';
import { poll, succeeds } from './system.ts';

/** How a process exited: with a code, or by a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SpawnedProcess {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Sends the signal without waiting for the exit. */
  kill(signal: NodeJS.Signals): void;
  /** Sends the stop signal, then SIGKILL after 10 s; resolves once the process has exited. */
  stop(): Promise<void>;
}

interface ChildOptions {
  readonly command: readonly string[];
  /** A command that wraps the program, e.g. `unshare … --`. */
  readonly through?: readonly string[];
  /** The program's output. Replaced on each start, or appended to with `keepLog`. */
  readonly logFile: string;
  readonly keepLog?: boolean;
  /** Bytes: a larger log file is rotated, see `watchLogSize`. Default: no limit. */
  readonly logSize?: number | undefined;
  readonly env?: NodeJS.ProcessEnv;
  readonly stopSignal: NodeJS.Signals;
}

const stopTimeoutMs = 10_000;

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

let parentPrefix: Promise<readonly string[]> | undefined;

/** On Linux the kernel kills the child with its parent, however that dies; elsewhere the "exit" handler above must do. */
function dieWithParentPrefix(): Promise<readonly string[]> {
  const prefix = ['setpriv', '--pdeathsig', 'SIGKILL', '--'];
  parentPrefix ??= succeeds([...prefix, 'true']).then((works) => (works ? prefix : []));
  return parentPrefix;
}

/** @throws {Error} when the program can't be started */
export async function spawnChild(options: ChildOptions): Promise<SpawnedProcess> {
  const { command, through = [], logFile, keepLog = false, logSize, env = process.env, stopSignal } = options;
  // After `through`, which may change the user: that would clear the parent-death signal.
  const [program = '', ...args] = [...through, ...(await dieWithParentPrefix()), ...command];
  if (!keepLog) await rm(logFile, { force: true });
  const log = await open(logFile, 'a');
  // In its own process group, so that Ctrl-C reaches only us and we stop everything in order.
  const child = spawn(program, args, { stdio: ['ignore', log.fd, log.fd], detached: true, env });
  running.add(child);
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
    });
  });
  await once(child, 'spawn').finally(() => log.close());
  if (logSize !== undefined) void exited.then(watchLogSize(logFile, logSize));

  return {
    pid: child.pid ?? 0,
    exited,
    kill: (signal) => void child.kill(signal),
    async stop() {
      child.kill(stopSignal);
      const force = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
      await exited;
      clearTimeout(force);
    },
  };
}

/** Repeats `check` until it succeeds. Throws its last error after `timeoutMs` (real), or as soon as the child exits. */
export async function pollWhileRunning<T>(
  child: SpawnedProcess,
  check: () => Promise<T>,
  timeoutMs: number,
): Promise<T> {
  const exited = new AbortController();
  void child.exited.then(({ code, signal }) =>
    exited.abort(new Error(`exited with ${signal ?? `code ${code}`}`)),
  );
  return poll(check, { timeoutMs, signal: exited.signal });
}

/** Rotates a log whenever it exceeds `maxBytes`. Returns a function that stops watching. */
function watchLogSize(file: string, maxBytes: number): () => void {
  let rotating: Promise<void> | undefined;
  const check = () => {
    // A failed rotation is tried again at the next check.
    rotating ??= rotateLog(file, maxBytes)
      .catch(() => undefined)
      .finally(() => (rotating = undefined));
  };
  const timer = setInterval(check, 5_000).unref();
  return () => clearInterval(timer);
}

/** Copies a log larger than `maxBytes` to `<file>.1` and empties it; lines written in between are lost. */
export async function rotateLog(file: string, maxBytes: number): Promise<void> {
  const { size } = await stat(file);
  if (size <= maxBytes) return;
  await copyFile(file, `${file}.1`);
  await truncate(file);
}
