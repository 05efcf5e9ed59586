import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, open, rm, stat, truncate } from 'node:fs/promises';
import { poll, succeeds } from './system.ts';

/** How a process ended: by itself with a code, or by a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Sends the signal and doesn't wait; await `exited` for the end. */
  kill(signal: NodeJS.Signals): void;
  /** Asks it to end, forces it when it hasn't after 10 s, and returns when it is gone. */
  stop(): Promise<void>;
}

interface ChildOptions {
  readonly command: readonly string[];
  /** What the program is run through, e.g. `unshare … --`. */
  readonly through?: readonly string[];
  /** Takes what the program prints, from this start on; with `keepLog` it goes on where it ended. */
  readonly logFile: string;
  readonly keepLog?: boolean;
  /** Bytes: once it is larger it is put aside, see `boundLog`; unbounded unless given. */
  readonly logSize?: number | undefined;
  readonly env?: NodeJS.ProcessEnv;
  readonly stopSignal: NodeJS.Signals;
}

const patienceMs = 10_000;

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

let tiedToParent: Promise<readonly string[]> | undefined;

/** Linux can end a child together with its parent, however the parent ends; elsewhere "exit" above must do. */
function dieWithParent(): Promise<readonly string[]> {
  const tie = ['setpriv', '--pdeathsig', 'SIGKILL', '--'];
  tiedToParent ??= succeeds([...tie, 'true']).then((works) => (works ? tie : []));
  return tiedToParent;
}

/** @throws {Error} when the program can't be started at all */
export async function spawnChild(options: ChildOptions): Promise<Child> {
  const { command, through = [], logFile, keepLog = false, logSize, env = process.env, stopSignal } = options;
  // The tie comes last: changing the user, as `through` may do, would undo it.
  const [program = '', ...args] = [...through, ...(await dieWithParent()), ...command];
  if (!keepLog) await rm(logFile, { force: true });
  const log = await open(logFile, 'a');
  // In a process group of its own, so that Ctrl-C reaches us first and we stop things in order.
  const child = spawn(program, args, { stdio: ['ignore', log.fd, log.fd], detached: true, env });
  running.add(child);
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
    });
  });
  await once(child, 'spawn').finally(() => log.close());
  if (logSize !== undefined) void exited.then(boundLog(logFile, logSize));

  return {
    pid: child.pid ?? 0,
    exited,
    kill: (signal) => void child.kill(signal),
    async stop() {
      child.kill(stopSignal);
      const force = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      await exited;
      clearTimeout(force);
    },
  };
}

/** Repeats `check` until it succeeds. Throws its last failure after `timeoutMs` (real), or that the child has ended. */
export async function whileRunning<T>(child: Child, check: () => Promise<T>, timeoutMs: number): Promise<T> {
  const ended = new AbortController();
  void child.exited.then(({ code, signal }) => ended.abort(new Error(`it ended with ${signal ?? code}`)));
  return poll(check, { timeoutMs, signal: ended.signal });
}

/** Copies a log of more than `most` bytes to `<file>.1` and empties it, which may lose a few lines. Returns what ends it. */
function boundLog(file: string, most: number): () => void {
  let looking: Promise<void> | undefined;
  const look = () => {
    // A file that can't be copied is looked at again.
    looking ??= putAside(file, most)
      .catch(() => undefined)
      .finally(() => (looking = undefined));
  };
  const timer = setInterval(look, 5_000).unref();
  return () => clearInterval(timer);
}

export async function putAside(file: string, most: number): Promise<void> {
  const { size } = await stat(file);
  if (size <= most) return;
  await copyFile(file, `${file}.1`);
  await truncate(file);
}
