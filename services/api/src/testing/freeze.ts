import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Stops a server and all its children as SIGSTOP does: its connections stay open and nothing is answered.
 * @param folder names the server: it is in its command line
 * @returns lets it go on
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

/** Postgres has workers that may have ended since they were listed. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
