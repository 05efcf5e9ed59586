import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatClock } from '@paceline/shared/clock';
import { loadConfig } from '@paceline/shared/config';
import type { Servers } from './take.ts';

/**
 * The servers of the system that runs here: those that the environment names, else those that `npm start` has brought
 * along, whose ports and passwords are in its state folder.
 * @throws {ConfigError} when the environment is wrong; {Error} when nothing runs here
 */
export async function runningServers(env: NodeJS.ProcessEnv, stateFolder: string): Promise<Servers> {
  const config = loadConfig(env, [], ['NATS_URL', 'DATABASE_URL', 'PACELINE_CLOCK']);
  try {
    const kept = await readFile(join(stateFolder, 'clock'), 'utf8').catch(() => null);
    return {
      natsUrl: config.NATS_URL ?? (await embeddedBroker(stateFolder)),
      databaseUrl: config.DATABASE_URL ?? (await embeddedDatabase(stateFolder)),
      clock: config.PACELINE_CLOCK ? formatClock(config.PACELINE_CLOCK) : kept,
    };
  } catch (error) {
    throw new Error('nothing runs here: npm start first, or set NATS_URL and DATABASE_URL', { cause: error });
  }
}

async function embeddedBroker(folder: string): Promise<string> {
  const password = await readFile(join(folder, 'nats-password-provision'), 'utf8');
  const ports = join(folder, 'nats', 'ports');
  const [name = ''] = (await readdir(ports)).filter((file) => file.endsWith('.ports'));
  const { nats } = JSON.parse(await readFile(join(ports, name), 'utf8')) as { nats: string[] };
  return `nats://provision:${encodeURIComponent(password)}@${new URL(nats[0] ?? '').host}`;
}

async function embeddedDatabase(folder: string): Promise<string> {
  const dataDir = join(folder, 'postgres', 'data');
  const password = await readFile(`${dataDir}.password`, 'utf8');
  // The fourth line of Postgres' lock is the port at which it listens.
  const port = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n')[3];
  return `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/paceline`;
}
