import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startPostgres } from '@paceline/embedded';
import { folderFor, type Server } from './server.ts';

/** A Postgres whose commits are on disk before they are answered. */
export async function startDatabase(): Promise<Server> {
  const folder = await folderFor('postgres');
  const dataDir = join(folder.path, 'data');
  let postgres = await startPostgres({ dataDir, durable: true });
  const { port } = postgres;
  return {
    address: { url: postgres.url() },
    async kill() {
      postgres.kill('SIGKILL');
      await postgres.exited;
    },
    async restart() {
      postgres = await startPostgres({ dataDir, durable: true, port });
    },
    signal: (signal) => postgres.kill(signal),
    async stop() {
      await postgres.stop();
      await folder.remove();
    },
  };
}

/** What the Postgres that comes along calls itself when it starts. */
export async function postgresVersion(): Promise<string> {
  const folder = await folderFor('postgres');
  const dataDir = join(folder.path, 'data');
  const postgres = await startPostgres({ dataDir, durable: false });
  await postgres.stop();
  const log = await readFile(`${dataDir}.log`, 'utf8');
  await folder.remove();
  return /starting PostgreSQL (\S+)/.exec(log)?.[1] ?? 'unknown';
}
