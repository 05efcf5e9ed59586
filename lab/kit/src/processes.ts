import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What a process takes of the machine at one moment, as Linux tells it. */
export interface ProcessSample {
  readonly rssBytes: number;
  readonly threads: number;
  /** Open files, sockets and the like. */
  readonly handles: number;
  /** Time on a processor since it began, real ms. */
  readonly cpuMs: number;
}

/** Linux counts time on the processor in hundredths of a second. */
const tickMs = 10;

/** @throws {Error} when the process is gone, or not ours to look at */
export async function sampleProcess(pid: number): Promise<ProcessSample> {
  const [status, stats, handles] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8'),
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readdir(`/proc/${pid}/fd`),
  ]);
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
  // The name of the program is in parentheses and may hold anything; what follows is in columns.
  const columns = stats.slice(stats.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [Number(columns[11]), Number(columns[12])];
  return {
    rssBytes: of('VmRSS') * 1_024,
    threads: of('Threads'),
    handles: handles.length,
    cpuMs: (user + system) * tickMs,
  };
}

/** Bytes in all files below a folder; what vanishes meanwhile counts for nothing. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        stat(join(entry.parentPath, entry.name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
  );
  return sizes.reduce((sum, each) => sum + each, 0);
}
