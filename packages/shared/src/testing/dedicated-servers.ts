import { join } from 'node:path';
import {
  type Child,
  copyTemplate,
  findNatsServer,
  type NatsOptions,
  type PostgresOptions,
  removeAll,
  scratchDir,
  startNats,
  startPostgres,
} from '@paceline/embedded';

/** A real server of one test file, in a temporary folder and on a free port, which it keeps. */
export interface TestServer extends AsyncDisposable {
  /** Ends it and removes its folder; for `afterAll`. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash would, and returns when it is gone. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and folder; ends it in good order first if it still runs. */
  restart(): Promise<void>;
}

/**
 * What `TestServer` promises, for a process that runs already.
 * @param again starts the server once more, where it was
 * @param remove removes its folder
 */
function testServer(child: Child, again: () => Promise<Child>, remove: () => Promise<void>): TestServer {
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
      current = await again();
    },
  };
}

export interface TestNats extends TestServer {
  /** `nats://127.0.0.1:<port>`, without credentials */
  readonly url: string;
  readonly port: number;
  /** Where its streams are. */
  readonly storeDir: string;
}

/** The console of a test is caught and decorated; a sentence about a download should just be seen. */
const report = (line: string) => void process.stderr.write(`${line}\n`);

/**
 * A real nats-server with JetStream for one test file. The first one ever on a machine may have to be
 * fetched, which takes seconds.
 */
export async function testNats(
  options: Pick<NatsOptions, 'users' | 'accounts' | 'syncAlways' | 'tls'> = {},
): Promise<TestNats> {
  const { path: server } = await findNatsServer({ report });
  const storeDir = await scratchDir('nats');
  const nats = await startNats({ ...options, server, storeDir });
  const { url, port } = nats;
  const again = () => startNats({ ...options, server, storeDir, port });
  return { ...testServer(nats, again, () => removeAll(storeDir)), url, port, storeDir };
}

export interface TestPostgres extends TestServer {
  /** The URL of an empty database, with user and password. */
  readonly url: string;
  /** Makes one more database unless it is there, and returns its URL. */
  createDatabase(name: string): Promise<string>;
}

/** A real Postgres with an empty database for one test file; fast rather than safe at a power cut. */
export async function testPostgres(options: Pick<PostgresOptions, 'tls'> = {}): Promise<TestPostgres> {
  const dir = await scratchDir('postgres');
  await copyTemplate(dir);
  const cluster = { ...options, dataDir: join(dir, 'data'), durable: false };
  const postgres = await startPostgres(cluster);
  const { port, createDatabase } = postgres;
  const again = () => startPostgres({ ...cluster, port });
  return { ...testServer(postgres, again, () => removeAll(dir)), url: postgres.url(), createDatabase };
}
