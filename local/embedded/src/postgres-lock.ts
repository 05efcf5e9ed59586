import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandOf } from './process-command.ts';

/**
 * Postgres leaves `postmaster.pid` behind when it is killed, and refuses to start while any process has the
 * number in it. That may be a stranger or a zombie by now, above all in containers, where numbers are low.
 * Replacing it by our own number lets Postgres pass, since it trusts its parent, and keeps its other check:
 * for orphaned backends that still use the old shared memory.
 * @throws {Error} when a Postgres really runs on `dataDir`
 */
export async function claimStaleLock(dataDir: string): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  const lock = await readFile(file, 'utf8').catch(() => undefined);
  if (lock === undefined) return;
  const [pid = '', ...rest] = lock.split('\n');
  if (`${await commandOf(pid)} `.includes(` -D ${dataDir} `)) {
    throw new Error(`a Postgres already runs on ${dataDir}: process ${pid}`);
  }
  await writeFile(file, [process.pid, ...rest].join('\n'));
}
