import { join } from 'node:path';
import {
  type SpawnedProcess,
  copyTemplate,
  findNatsServer,
  type NatsOptions,
  type PostgresOptions,
  removeAll,
  scratchDir,
  startNats,
  startPostgres,
} from '@paceline/embedded';
import pg from 'pg';
import { versionProblem } from '../messaging/server-version.ts';

/** A real server for one test file, in a temporary folder and on a fixed free port. */
export interface TestServer extends AsyncDisposable {
  /** Stops it and removes its folder; for `afterAll`. */
  stop(): Promise<void>;
  /** Kills it, like a crash, and waits until it is gone. */
  kill(): Promise<void>;
  /** Restarts it with the same port and folder, after a graceful stop if it still runs. */
  restart(): Promise<void>;
}

/**
 * Wraps a running process as a `TestServer`.
 * @param startAgain starts the server with the same port and folder
 * @param remove removes its folder
 */
function testServer(
  child: SpawnedProcess,
  startAgain: () => Promise<SpawnedProcess>,
  remove: () => Promise<void>,
): TestServer {
  let current = child;
  const stop = async () => {
    await current.stop();
    await remove();
  };
  return {
    stop,
    [Symbol.asyncDispose]: stop,
    async kill() {
      current.kill('SIGKILL');
      await current.exited;
    },
    async restart() {
      await current.stop();
      current = await startAgain();
    },
  };
}

export interface TestNats extends TestServer {
  /** `nats://127.0.0.1:<port>`, without credentials */
  readonly url: string;
  readonly port: number;
  /** The folder of its streams. */
  readonly storeDir: string;
}

/** Writes to stderr, as Vitest captures the console and a download message should be visible. */
const report = (line: string) => void process.stderr.write(`${line}\n`);

/** Whether the nats-server of the tests is new enough for a cluster; see NATS_SERVER. */
export async function canRunCluster(): Promise<boolean> {
  const { version } = await findNatsServer({ report });
  return versionProblem(version, true) === undefined;
}

/** A real nats-server with JetStream for one test file. On a new machine the binary is downloaded first. */
export async function testNats(
  given: Pick<NatsOptions, 'users' | 'accounts' | 'syncInterval' | 'monitorPort' | 'tls' | 'settings'> = {},
): Promise<TestNats> {
  // All test files share one disk; they kill servers but never the machine, so nothing is lost without a sync.
  const options = { syncInterval: '2m', ...given };
  const { path: server } = await findNatsServer({ report });
  const storeDir = await scratchDir('nats');
  const nats = await startNats({ ...options, server, storeDir });
  const { url, port } = nats;
  const startAgain = () => startNats({ ...options, server, storeDir, port });
  return { ...testServer(nats, startAgain, () => removeAll(storeDir)), url, port, storeDir };
}

export interface TestPostgres extends TestServer {
  /** The URL of an empty database, with user and password. */
  readonly url: string;
  /** Creates a database unless it exists. @returns its URL */
  createDatabase(name: string): Promise<string>;
  /** Makes it read-only for all sessions, as a failover does, or writable again. */
  setReadOnly(on: boolean): Promise<void>;
}

/** A real Postgres with an empty database for one test file; without fsync, to be fast. */
export async function testPostgres(options: Pick<PostgresOptions, 'tls'> = {}): Promise<TestPostgres> {
  const dir = await scratchDir('postgres');
  await copyTemplate(dir);
  const cluster = { ...options, dataDir: join(dir, 'data'), durable: false };
  const postgres = await startPostgres(cluster);
  const { port, createDatabase } = postgres;
  const startAgain = () => startPostgres({ ...cluster, port });
  const url = postgres.url();
  return {
    ...testServer(postgres, startAgain, () => removeAll(dir)),
    url,
    createDatabase,
    setReadOnly: (on) => setReadOnly(url, on),
  };
}

async function setReadOnly(url: string, on: boolean): Promise<void> {
  // Its own session stays writable, to switch it back.
  const client = new pg.Client({ connectionString: url, options: '-c default_transaction_read_only=off' });
  await client.connect();
  try {
    await client.query(`alter system set default_transaction_read_only = ${on ? 'on' : 'off'}`);
    await client.query('select pg_reload_conf()');
  } finally {
    await client.end();
  }
}
