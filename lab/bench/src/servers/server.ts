import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address } from '../contenders/contender.ts';

/** What a contender's processes share, started for one workload. */
export interface Server {
  readonly address: Address;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again where it was, after a kill. */
  restart(): Promise<void>;
  /** Stops it for a while, or lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends it and removes what it kept. */
  stop(): Promise<void>;
}

export interface Folder {
  readonly path: string;
  remove(): Promise<void>;
}

/** A folder on disk, not in memory: what is synced there costs what it costs. */
export async function folderFor(name: string): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), `paceline-bench-${name}-`));
  // A Postgres that may not be root must be able to pass through.
  await chmod(path, 0o711);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** For contenders that keep everything in the calling process. */
export const nowhere: Server = {
  address: { url: '' },
  kill: async () => undefined,
  restart: async () => undefined,
  signal: () => undefined,
  stop: async () => undefined,
};
