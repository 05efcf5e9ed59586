import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestStack } from '@paceline/kit/stack';
import type { InsideReport } from './inside.ts';

/** Variables that make every Node process of a system answer on a socket in this folder. */
export const watched = (folder: string): NodeJS.ProcessEnv => ({
  NODE_OPTIONS: `--import=${new URL('inside.ts', import.meta.url).href}`,
  PROFILE_SOCKETS: folder,
  // Postgres's log is read while it grows.
  LOG_FILE_SIZE: '1GiB',
});

/** Runs the work while every Node process of the system watches itself. @param cpu writes CPU profiles too @returns the reports by process */
export async function watch<T>({ stateFolder, processes }: TestStack, cpu: boolean, work: () => Promise<T>) {
  const ask = async (pid: number, command: 'start' | 'cpu' | 'stop') => {
    const socket = connect(join(stateFolder, `${pid}.sock`));
    socket.write(command);
    return JSON.parse(await text(socket)) as unknown;
  };
  const pids = [...processes.values()].flatMap((each) => {
    const pid = each.pid();
    return pid === undefined ? [] : [[each.name, pid] as const];
  });
  for (const [, pid] of pids) await ask(pid, 'start');
  if (cpu) await Promise.all(pids.map(([, pid]) => ask(pid, 'cpu')));
  const result = await work();
  const reports = await Promise.all(
    pids.map(async ([name, pid]) => [name, (await ask(pid, 'stop')) as InsideReport] as const),
  );
  return { result, reports: new Map(reports) };
}
