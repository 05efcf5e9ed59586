import { existsSync } from 'node:fs';
import { type Service, services, permissionsOf } from '@paceline/shared/contracts';
import { findNatsServer, freePort, type NatsCluster, type NatsOptions, startNats } from '@paceline/embedded';
import { serversOf } from '@paceline/shared/config';
import { controlled, type FindPort, type Server } from './processes.ts';
import { randomSecret, type StateFolder } from './state.ts';

/** The broker, brought along or somebody else's, and how each service connects to it. */
export interface Broker {
  /** Those that came along: one, or the three of a cluster; none when it is somebody else's. */
  readonly servers: readonly BrokerServer[];
  /** As shown to people: without credentials. Of a cluster all servers, comma-separated. */
  readonly shownUrl: string;
  /** For provisioning: may do everything. */
  readonly adminUrl: string;
  urlFor(service: Service): string;
}

export interface BrokerServer extends Server {
  readonly url: string;
  /** Its own monitoring pages (`/healthz`, `/jsz`), in a cluster. */
  readonly monitorUrl: string | undefined;
}

const admin = 'provision';
const usualPort = 4222;

/** Starts one or three servers with a user for each service. @throws when the state is of another number of servers */
export async function startBroker(
  count: number,
  state: StateFolder,
  report: (line: string) => void,
  findPort: FindPort,
  logSize?: number,
): Promise<Broker> {
  demandStateOf(count, state);
  const { path, version, source } = await findNatsServer({ report });
  report(`nats-server ${version} (${source})`);
  const passwords = new Map<string, string>();
  for (const user of [admin, ...services]) {
    passwords.set(user, await state.keep(`nats-password-${user}`, randomSecret));
  }
  const passwordOf = (user: string) => passwords.get(user) ?? '';
  const users = [
    { user: admin, password: passwordOf(admin), publish: ['>'], subscribe: ['>'] },
    ...services.map((user) => ({ user, password: passwordOf(user), ...permissionsOf(user) })),
  ];
  const options: NatsOptions[] = [];
  for (const [index, cluster] of (await placesOf(count, state)).entries()) {
    const port = await findPort(usualPort + index);
    const storeDir = state.path(folderOf(count, index));
    const place = cluster && { cluster, monitorPort: await freePort() };
    options.push({ server: path, storeDir, port, users, logSize, ...place });
  }
  const servers = await Promise.all(options.map(startServer));
  const urlFor = (user: string) =>
    servers.map(({ url }) => url.replace('//', `//${user}:${passwordOf(user)}@`)).join(',');
  return { servers, shownUrl: servers.map(({ url }) => url).join(','), adminUrl: urlFor(admin), urlFor };
}

async function startServer(options: NatsOptions): Promise<BrokerServer> {
  const first = await startNats(options);
  const { url, port } = first;
  const { cluster, monitorPort, host = '127.0.0.1' } = options;
  return {
    ...controlled(cluster?.serverName ?? 'nats', () => startNats({ ...options, port }), first),
    url,
    monitorUrl: monitorPort === undefined ? undefined : `http://${host}:${monitorPort}`,
  };
}

async function placesOf(count: number, state: StateFolder): Promise<Array<NatsCluster | undefined>> {
  if (count === 1) return [undefined];
  const password = await state.keep('nats-password-routes', randomSecret);
  const routes: number[] = [];
  while (routes.length < count) routes.push(await freePort());
  return routes.map((port, index) => ({ serverName: folderOf(count, index), port, routes, password }));
}

/** A server on its own can not read what a cluster has stored, nor the other way round. */
const folderOf = (count: number, index: number): string => (count === 1 ? 'nats' : `nats-${index + 1}`);

function demandStateOf(count: number, state: StateFolder): void {
  const [other, was, are] = count === 1 ? [3, 'three brokers', 'one'] : [1, 'one broker', 'three'];
  if (!existsSync(state.path(folderOf(other, 0)))) return;
  throw new Error(
    `The state is that of ${was}, and ${are} would know nothing of the calls that were made: set PACELINE_BROKERS back, or npm run reset.`,
  );
}

/** A broker that is there already: whoever runs it decides who may do what. */
export const externalBroker = (url: string): Broker => ({
  servers: [],
  shownUrl: serversOf(url)
    .map((each) => each.replace(/\/\/[^@/]*@/, '//'))
    .join(','),
  adminUrl: url,
  urlFor: () => url,
});
