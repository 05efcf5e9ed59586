import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogLine } from '../core/evidence.ts';

/** What the processes complained of, in the order of their logs. */
export const readErrors = (folder: string): Promise<LogLine[]> =>
  linesLike(folder, /"level":"(error|fatal)"/);

/** How often a command was handed on anew because the broker had lost it after it took it. */
export const countLost = async (folder: string): Promise<number> =>
  (await linesLike(folder, /"msg":"the broker had lost a command/)).length;

async function linesLike(folder: string, like: RegExp): Promise<LogLine[]> {
  const logs = join(folder, 'logs');
  const found: LogLine[] = [];
  for (const file of await readdir(logs)) {
    for (const line of (await readFile(join(logs, file), 'utf8')).split('\n')) {
      if (!like.test(line)) continue;
      const entry = parse(line);
      if (entry) found.push({ ...entry, service: file.replace(/\.log.*$/, '') });
    }
  }
  return found;
}

function parse(line: string): Omit<LogLine, 'service'> | undefined {
  try {
    const { time, level, msg, err } = JSON.parse(line) as {
      time: string | number;
      level: LogLine['level'];
      msg: string;
      err?: { message?: string };
    };
    return { at: new Date(time).getTime(), level, message: err?.message ? `${msg}: ${err.message}` : msg };
  } catch {
    return undefined;
  }
}
