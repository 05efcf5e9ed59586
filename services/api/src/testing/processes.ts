import { type ChildProcess, spawn, execFile } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventually } from '@paceline/shared/testing';
import { promisify } from 'node:util';

/** The API in a process of its own, with telemetry. */
export interface ApiProcess {
  readonly child: ChildProcess;
  /** The log lines until now. */
  lines(): Array<{ level: string; msg: string; url?: string }>;
  /** Its URL, once it listens. */
  url(): Promise<string>;
  /** Resolves with its exit code. */
  readonly ended: Promise<number | null>;
}

const home = fileURLToPath(new URL('../..', import.meta.url));

export function runApi(env: Readonly<Record<string, string>>): ApiProcess {
  const args = ['--import', '@paceline/shared/telemetry/start', 'src/main.ts'];
  const child = spawn(process.execPath, args, {
    cwd: home,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const lines = () =>
    output
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  return {
    child,
    lines,
    url: () =>
      eventually(
        () => {
          const url = lines().find(({ msg }) => msg === 'listening')?.url;
          if (url === undefined) throw new Error(`not listening yet:\n${output}`);
          return url;
        },
        { timeoutMs: 30_000 },
      ),
    ended: once(child, 'exit').then(([code]) => code as number | null),
  };
}

const run = promisify(execFile);

/**
 * Stops a server and its children with SIGSTOP: its connections stay open, but nothing responds.
 * @param folder identifies the server: part of its command line
 * @returns a function that resumes it
 */
export async function freeze(folder: string): Promise<() => void> {
  const servers = (await processes()).filter(({ args }) => args.includes(folder)).map(({ pid }) => pid);
  if (servers.length === 0) throw new Error(`no process has ${folder} in its command line`);
  for (const pid of servers) signal(pid, 'SIGSTOP');
  // Listed again, as a running server can have started more of them.
  const children = (await processes()).filter(({ parent }) => servers.includes(parent)).map(({ pid }) => pid);
  for (const pid of children) signal(pid, 'SIGSTOP');
  const pids = new Set([...servers, ...children]);
  return () => {
    for (const pid of pids) signal(pid, 'SIGCONT');
  };
}

async function processes(): Promise<Array<{ pid: number; parent: number; args: string }>> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,args='], { maxBuffer: 16 * 1_024 * 1_024 });
  return stdout.split('\n').map((line) => {
    const [, pid, parent, args = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return { pid: Number(pid), parent: Number(parent), args };
  });
}

/** Ignores processes that have ended since they were listed, such as Postgres workers. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
