import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type SpawnedProcess, spawnChild, pollWhileRunning } from './child.ts';
import { removeAll } from './files.ts';
import { assertPortFree, lastLines } from './system.ts';

/** A user and the subjects (wildcards allowed) that it may publish and subscribe to. An empty list means none. */
export interface NatsUser {
  readonly user: string;
  readonly password: string;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** How often, and for how long, it may reply to a received request; unset: not at all. */
  readonly replies?: { readonly max: number; readonly expires: string };
}

export interface NatsCluster {
  /** Unique in the cluster. */
  readonly serverName: string;
  /** The port for the other servers. */
  readonly port: number;
  /** The ports of all servers. */
  readonly routes: readonly number[];
  /** Shared by all servers of the cluster. */
  readonly password: string;
}

export interface NatsOptions {
  readonly server: string;
  /** Holds streams, configuration and log. Streams survive a killed process. */
  readonly storeDir: string;
  readonly port?: number;
  readonly host?: string;
  /** Without users, every client has all permissions. */
  readonly users?: readonly NatsUser[];
  /** Users in isolated accounts, which don't share subjects or streams. Not together with `users`. */
  readonly accounts?: Readonly<Record<string, readonly NatsUser[]>>;
  /** How often the store is synced to disk, e.g. `2m`. Default `always`: before a message is acknowledged. */
  readonly syncInterval?: string;
  /** Paths. Clients must use TLS; with `ca`, they also need a certificate signed by it. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
  /** The port of the monitoring pages, on `host`; unset: none. */
  readonly monitorPort?: number;
  readonly logSize?: number | undefined;
  /** Appends to the log of the last start. */
  readonly keepLog?: boolean;
  readonly cluster?: NatsCluster;
  /** Further settings of its configuration file, such as limits. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface NatsProcess extends SpawnedProcess {
  /** `nats://<host>:<port>`, without credentials */
  readonly url: string;
  readonly port: number;
  readonly logFile: string;
}

const readyMs = 30_000;

/** Resolves when the server accepts connections. @throws {Error} when a port is in use, or with the end of its log */
export async function startNats(options: NatsOptions): Promise<NatsProcess> {
  const {
    server,
    port = 0,
    host = '127.0.0.1',
    monitorPort = 0,
    cluster,
    logSize,
    keepLog = false,
  } = options;
  await assertPortFree(port, host);
  await assertPortFree(monitorPort, host);
  await assertPortFree(cluster?.port ?? 0, host);

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
  const child = await spawnChild({ command, logFile, logSize, keepLog, stopSignal: 'SIGTERM' });
  try {
    const bound = await pollWhileRunning(child, () => readPort(portsDir), readyMs);
    return { ...child, port: bound, url: `nats://${host}:${bound}`, logFile };
  } catch (error) {
    const log = lastLines(await readFile(logFile, 'utf8'));
    await child.stop();
    throw new Error(`nats-server did not start (${(error as Error).message}):\n${log}`, { cause: error });
  }
}

/** JSON, which is valid in the server's configuration language. */
function configuration(host: string, port: number, portsDir: string, options: NatsOptions): string {
  const { storeDir, users, accounts, syncInterval = 'always', monitorPort, cluster, tls } = options;
  const settings = {
    host,
    port: port === 0 ? -1 : port,
    ports_file_dir: portsDir,
    max_payload: 8 * 1024 * 1024,
    jetstream: {
      store_dir: storeDir,
      sync_interval: syncInterval,
      // Each account reserves the maximum size of its streams, together more than the disk has.
      ...(accounts !== undefined && { max_file_store: 100e12 }),
    },
    ...(cluster !== undefined && clusterSettings(cluster, host)),
    ...(tls && {
      tls: { cert_file: tls.cert, key_file: tls.key, ...(tls.ca && { ca_file: tls.ca, verify: true }) },
    }),
    ...(monitorPort !== undefined && { http: `${host}:${monitorPort}` }),
    ...(users !== undefined && { authorization: { users: users.map(withPermissions) } }),
    ...(accounts !== undefined && {
      accounts: Object.fromEntries(
        Object.entries(accounts).map(([name, accountUsers]) => [
          name,
          { jetstream: 'enabled', users: accountUsers.map(withPermissions) },
        ]),
      ),
    }),
    ...options.settings,
  };
  return `${JSON.stringify(settings, undefined, 2)}\n`;
}

function clusterSettings({ serverName, port, routes, password }: NatsCluster, host: string) {
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

/** An empty list of allowed subjects would mean "all" to the server, hence the explicit denial. */
const only = (subjects: readonly string[]) => (subjects.length === 0 ? { deny: ['>'] } : { allow: subjects });

const withPermissions = ({ user, password, publish, subscribe, replies }: NatsUser) => ({
  user,
  password,
  permissions: {
    publish: only(publish),
    subscribe: only(subscribe),
    ...(replies && { allow_responses: replies }),
  },
});

/** Once it listens, the server writes its ports to a file whose name ends in `.ports`. */
async function readPort(portsDir: string): Promise<number> {
  const [name] = (await readdir(portsDir)).filter((file) => file.endsWith('.ports'));
  if (name === undefined) throw new Error(`not ready within ${readyMs / 1_000} s`);
  const ports = JSON.parse(await readFile(join(portsDir, name), 'utf8')) as { nats: string[] };
  return Number(new URL(ports.nats[0] ?? '').port);
}
