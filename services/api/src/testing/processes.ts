import { type ChildProcess, spawn, execFile } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventually } from '@paceline/shared/testing';
import { promisify } from 'node:util';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

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
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,args='], { maxBuffer: 16 * 1_024 * 1_024 });
  const all = stdout.split('\n').map((line) => {
    const [, pid, parent, args = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return { pid: Number(pid), parent: Number(parent), args };
  });
  const servers = all.filter(({ args }) => args.includes(folder)).map(({ pid }) => pid);
  if (servers.length === 0) throw new Error(`no process has ${folder} in its command line`);
  const children = all.filter(({ parent }) => servers.includes(parent)).map(({ pid }) => pid);
  const pids = new Set([...servers, ...children]);
  for (const pid of pids) signal(pid, 'SIGSTOP');
  return () => {
    for (const pid of pids) signal(pid, 'SIGCONT');
  };
}

/** Ignores processes that have ended since they were listed, such as Postgres workers. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A TCP proxy to a local server that delays or holds back its responses. */
export interface SlowProxy {
  readonly port: number;
  /** From now on responses are not forwarded. */
  holdResponses(): void;
  /** Breaks every connection; new ones are forwarded as before. */
  cut(): void;
  close(): Promise<void>;
}

/** @param delayMs real ms that each response is delayed */
export async function startSlowProxy(port: number, delayMs: number): Promise<SlowProxy> {
  const sockets = new Set<Socket>();
  let held = false;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const end = () => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on('error', end).on('close', end);
      socket.on('close', () => sockets.delete(socket));
    }
    near.on('data', (data) => far.write(data));
    far.on('data', (data) => {
      if (!held) setTimeout(() => near.destroyed || near.write(data), delayMs);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    held = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    holdResponses: () => (held = true),
    cut,
    async close() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}
