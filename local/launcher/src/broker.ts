import { existsSync } from 'node:fs';
import { type Service, services, permissionsOf } from '@paceline/shared/contracts';
import { findNatsServer, freePort, type NatsCluster, type NatsOptions, startNats } from '@paceline/embedded';
import { serversOf } from '@paceline/shared/config';
import type { FindPort } from './processes.ts';
import { randomSecret, type StateFolder } from './state.ts';
import { type RestartableProcess, supervise, type Supervision } from './supervise.ts';

/** The broker, embedded or external, and how each service connects to it. */
export interface BrokerAccess {
  /** The embedded servers: one, or three for a cluster; none for an external broker. */
  readonly servers: readonly BrokerServer[];
  /** Without credentials; comma-separated for a cluster. */
  readonly shownUrl: string;
  /** With all permissions, for provisioning. */
  readonly adminUrl: string;
  /** The monitoring pages of its servers, as far as they are known. */
  readonly monitorUrls: readonly string[];
  urlFor(service: Service): string;
}

export interface BrokerServer extends RestartableProcess {
  readonly url: string;
  /** Monitoring pages (`/healthz`, `/jsz`, `/varz`). */
  readonly monitorUrl: string;
}

const admin = 'provision';
const firstPort = 4222;

export interface BrokerSettings {
  /** One server, or three for a cluster. */
  readonly count: number;
  /** nats-server's `sync_interval`. */
  readonly syncInterval: string;
  readonly logSize?: number;
}

/** Starts one or three servers with a user for each service. @throws when the state belongs to another number of servers */
export async function startBroker(
  state: StateFolder,
  supervision: Supervision,
  findPort: FindPort,
  { count, syncInterval, logSize }: BrokerSettings,
): Promise<BrokerAccess> {
  assertStateMatches(count, state);
  const { report } = supervision;
  const { path, version, source } = await findNatsServer({ report });
  report(`nats-server ${version} (${source})`);
  const passwords = new Map<string, string>();
  for (const user of [admin, ...services]) {
    passwords.set(user, await state.readOrCreate(`nats-password-${user}`, randomSecret));
  }
  const passwordOf = (user: string) => passwords.get(user) ?? '';
  const users = [
    { user: admin, password: passwordOf(admin), publish: ['>'], subscribe: ['>'] },
    ...services.map((user) => ({ user, password: passwordOf(user), ...permissionsOf(user) })),
  ];
  const options: Array<NatsOptions & { monitorPort: number }> = [];
  for (const [index, cluster] of (await placesOf(count, state)).entries()) {
    const port = await findPort(firstPort + index);
    const storeDir = state.path(folderOf(count, index));
    const monitorPort = await freePort();
    const place = cluster && { cluster };
    options.push({ server: path, storeDir, port, monitorPort, users, syncInterval, logSize, ...place });
  }
  const servers = await Promise.all(options.map((each) => startServer(each, supervision)));
  const urlFor = (user: string) =>
    servers.map(({ url }) => url.replace('//', `//${user}:${passwordOf(user)}@`)).join(',');
  return {
    servers,
    shownUrl: servers.map(({ url }) => url).join(','),
    adminUrl: urlFor(admin),
    monitorUrls: servers.map(({ monitorUrl }) => monitorUrl),
    urlFor,
  };
}

async function startServer(
  options: NatsOptions & { readonly monitorPort: number },
  supervision: Supervision,
): Promise<BrokerServer> {
  const running = await startNats(options);
  const { url, port, logFile } = running;
  const { cluster, monitorPort, host = '127.0.0.1' } = options;
  const name = cluster?.serverName ?? 'nats';
  const launch = () => startNats({ ...options, port, keepLog: true });
  return {
    ...supervise({ ...supervision, name, logFile, launch, running }),
    url,
    monitorUrl: `http://${host}:${monitorPort}`,
  };
}

async function placesOf(count: number, state: StateFolder): Promise<Array<NatsCluster | undefined>> {
  if (count === 1) return [undefined];
  const password = await state.readOrCreate('nats-password-routes', randomSecret);
  const routes: number[] = [];
  while (routes.length < count) routes.push(await freePort());
  return routes.map((port, index) => ({ serverName: folderOf(count, index), port, routes, password }));
}

/** A single server and a cluster cannot read each other's files. */
const folderOf = (count: number, index: number): string => (count === 1 ? 'nats' : `nats-${index + 1}`);

function assertStateMatches(count: number, state: StateFolder): void {
  const other = count === 1 ? 3 : 1;
  if (!existsSync(state.path(folderOf(other, 0)))) return;
  throw new Error(
    `the stored state belongs to PACELINE_BROKERS=${other}; with ${count} the calls already made would be lost. Set it back to ${other}, or run npm run reset to delete the state.`,
  );
}

/** A broker that runs elsewhere and manages its own users: every service gets the same URL. */
export const externalBroker = (url: string, monitorUrls: readonly string[]): BrokerAccess => ({
  servers: [],
  shownUrl: serversOf(url)
    .map((each) => each.replace(/\/\/[^@/]*@/, '//'))
    .join(','),
  adminUrl: url,
  monitorUrls,
  urlFor: () => url,
});
