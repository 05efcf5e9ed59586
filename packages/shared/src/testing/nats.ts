import { findNatsServer, type NatsOptions, removeAll, scratchDir, startNats } from '@paceline/embedded';
import { type TestServer, testServer } from './test-server.ts';

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
