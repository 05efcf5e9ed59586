import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Child, spawnChild, whileRunning } from './child.ts';
import { removeAll } from './files.ts';
import { demandFreePort, lastLines } from './system.ts';

/** Somebody who may connect, and the subjects (wildcards allowed) open to them. An empty list means none. */
export interface NatsUser {
  readonly user: string;
  readonly password: string;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** How often, and for how long, it may answer a request that it has received; unset: not at all. */
  readonly answers?: { readonly max: number; readonly expires: string };
}

export interface NatsCluster {
  /** Of this server, unlike that of the others. */
  readonly serverName: string;
  /** Where the others of the cluster reach it. */
  readonly port: number;
  readonly routes: readonly number[];
  /** By which they know each other. */
  readonly password: string;
}

export interface NatsOptions {
  readonly server: string;
  /** Holds streams, configuration and log; streams survive any end of the process. */
  readonly storeDir: string;
  readonly port?: number;
  readonly host?: string;
  /** Without users, everybody on `host` may do everything. */
  readonly users?: readonly NatsUser[];
  /** Users that are apart from each other: no account sees the subjects or streams of another. Without `users`. */
  readonly accounts?: Readonly<Record<string, readonly NatsUser[]>>;
  /** Syncs every message to disk before it is acknowledged, at more than half of the throughput. */
  readonly syncAlways?: boolean;
  /** Files: clients must speak TLS, and with `ca` show a certificate that it has signed. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
  /** The port of the server's own monitoring pages, on `host`; unset: none. */
  readonly monitorPort?: number;
  readonly logSize?: number | undefined;
  readonly cluster?: NatsCluster;
}

export interface NatsProcess extends Child {
  /** `nats://<host>:<port>`, without credentials */
  readonly url: string;
  readonly port: number;
}

const readyMs = 30_000;

/** Resolves when the server accepts connections. @throws {Error} when a port is taken, or with the end of its log */
export async function startNats(options: NatsOptions): Promise<NatsProcess> {
  const { server, port = 0, host = '127.0.0.1', monitorPort = 0, cluster, logSize } = options;
  await demandFreePort(port, host);
  await demandFreePort(monitorPort, host);
  await demandFreePort(cluster?.port ?? 0, host);

  const storeDir = resolve(options.storeDir);
  const portsDir = join(storeDir, 'ports');
  await removeAll(portsDir);
  await mkdir(portsDir, { recursive: true });
  const configFile = join(storeDir, 'nats-server.conf');
  await rm(configFile, { force: true });
  const content = configuration(host, port, portsDir, { ...options, storeDir });
  await writeFile(configFile, content, { mode: 0o600 });

  const logFile = join(storeDir, 'nats-server.log');
  const command = [server, '-c', configFile];
  const child = await spawnChild({ command, logFile, logSize, stopSignal: 'SIGTERM' });
  try {
    const bound = await whileRunning(child, () => readPort(portsDir), readyMs);
    return { ...child, port: bound, url: `nats://${host}:${bound}` };
  } catch (error) {
    const log = lastLines(await readFile(logFile, 'utf8'));
    await child.stop();
    throw new Error(`nats-server did not come up (${(error as Error).message}):\n${log}`, { cause: error });
  }
}

/** The server's configuration language takes JSON as it is. */
function configuration(host: string, port: number, portsDir: string, options: NatsOptions): string {
  const { storeDir, users, accounts, syncAlways, monitorPort, cluster, tls } = options;
  const settings = {
    host,
    port: port === 0 ? -1 : port,
    ports_file_dir: portsDir,
    max_payload: 8 * 1024 * 1024,
    jetstream: {
      store_dir: storeDir,
      ...(syncAlways === true && { sync_interval: 'always' }),
      // Each account reserves as much as its streams may grow to, which is more than there is.
      ...(accounts !== undefined && { max_file_store: 100e12 }),
    },
    ...(cluster !== undefined && placeIn(cluster, host)),
    ...(tls && {
      tls: { cert_file: tls.cert, key_file: tls.key, ...(tls.ca && { ca_file: tls.ca, verify: true }) },
    }),
    ...(monitorPort !== undefined && { http: `${host}:${monitorPort}` }),
    ...(users !== undefined && { authorization: { users: users.map(withPermissions) } }),
    ...(accounts !== undefined && {
      accounts: Object.fromEntries(
        Object.entries(accounts).map(([name, those]) => [
          name,
          { jetstream: 'enabled', users: those.map(withPermissions) },
        ]),
      ),
    }),
  };
  return `${JSON.stringify(settings, undefined, 2)}\n`;
}

function placeIn({ serverName, port, routes, password }: NatsCluster, host: string) {
  const user = 'route';
  const others = routes.filter((other) => other !== port);
  return {
    server_name: serverName,
    cluster: {
      name: 'paceline',
      listen: `${host}:${port}`,
      authorization: { user, password },
      routes: others.map((other) => `nats-route://${user}:${password}@${host}:${other}`),
    },
  };
}

/** The server takes an empty list of allowed subjects for "all", hence the explicit denial. */
const only = (subjects: readonly string[]) => (subjects.length === 0 ? { deny: ['>'] } : { allow: subjects });

const withPermissions = ({ user, password, publish, subscribe, answers }: NatsUser) => ({
  user,
  password,
  permissions: {
    publish: only(publish),
    subscribe: only(subscribe),
    ...(answers && { allow_responses: answers }),
  },
});

/** The server writes its ports down once it listens, into a file whose name ends in `.ports`. */
async function readPort(portsDir: string): Promise<number> {
  const [name] = (await readdir(portsDir)).filter((file) => file.endsWith('.ports'));
  if (name === undefined) throw new Error(`it was not ready within ${readyMs} ms`);
  const ports = JSON.parse(await readFile(join(portsDir, name), 'utf8')) as { nats: string[] };
  return Number(new URL(ports.nats[0] ?? '').port);
}
