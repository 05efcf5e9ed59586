import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  findProgramWithLibraries,
  freePort,
  poll,
  removeAll,
  scratchDir,
  spawnChild,
} from '@paceline/embedded';
import pg from 'pg';

export interface TestPgBouncer {
  /** The URL of the same database, through it. */
  readonly url: string;
  stop(): Promise<void>;
}

/** @throws {Error} with the reason when it can't be had on this machine */
export const findPgBouncer = () => findProgramWithLibraries('pgbouncer', ['libc-ares2', 'libevent-2.1-7']);

/** A real PgBouncer in transaction mode: each transaction can get another of its few connections. */
export async function testPgBouncer(
  { path, env }: Awaited<ReturnType<typeof findPgBouncer>>,
  postgresUrl: string,
): Promise<TestPgBouncer> {
  const dir = await scratchDir('pgbouncer');
  const port = await freePort();
  const { hostname, port: serverPort, username, password } = new URL(postgresUrl);
  const server = `host=${hostname} port=${serverPort} user=${username} password=${password}`;
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'any',
    pool_mode: 'transaction',
    default_pool_size: 5,
    // It does not run as root.
    ...(process.getuid?.() === 0 && { user: 'daemon' }),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const file = join(dir, 'pgbouncer.ini');
  await writeFile(file, `[databases]\n* = ${server}\n[pgbouncer]\n${lines.join('\n')}\n`);
  const child = await spawnChild({
    command: [path, file],
    logFile: join(dir, 'log'),
    env,
    stopSignal: 'SIGINT',
  });
  const url = Object.assign(new URL(postgresUrl), { port: String(port) }).href;
  const answers = async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query('select 1').finally(() => client.end());
  };
  await poll(answers, { timeoutMs: 10_000, everyMs: 20 });
  return {
    url,
    async stop() {
      await child.stop();
      await removeAll(dir);
    },
  };
}
