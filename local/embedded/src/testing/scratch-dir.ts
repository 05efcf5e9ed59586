import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { makeTempDir } from '../files.ts';

const memory = '/dev/shm';
const roomy = 2 * 1024 ** 3;

/**
 * A new folder for the data of one test server: where `TMPDIR` says, else in memory if there is plenty,
 * where a Postgres is set up several times as fast, else on disk.
 */
export async function scratchDir(name: string): Promise<string> {
  const root = process.env.TMPDIR || (await freeBytes(memory)) < roomy ? tmpdir() : memory;
  return makeTempDir(root, `paceline-${name}`);
}

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path).catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize;
}
