import { type Service, services, permissionsOf } from '@paceline/shared/contracts';
import { findNatsServer, startNats } from '@paceline/shared/embedded';
import type { FindPort } from './ports.ts';
import { keepServer, type Server } from './server.ts';
import { randomSecret, type StateFolder } from './state.ts';

/** The broker, brought along or somebody else's, and how each service connects to it. */
export interface Broker {
  readonly server: Server | undefined;
  /** As shown to people: without credentials. */
  readonly shownUrl: string;
  /** For provisioning: may do everything. */
  readonly adminUrl: string;
  urlFor(service: Service): string;
}

const admin = 'provision';

/**
 * Starts a broker on which each service has a user of its own, which may use its own subjects only.
 * @param logSize bytes: a larger log file is put aside; it is unbounded unless given
 */
export async function startBroker(
  state: StateFolder,
  report: (line: string) => void,
  findPort: FindPort,
  logSize?: number,
): Promise<Broker> {
  const { path, version, source } = await findNatsServer({ report });
  report(`nats-server ${version} (${source})`);
  const passwords = new Map<string, string>();
  for (const user of [admin, ...services]) {
    passwords.set(user, await state.keep(`nats-password-${user}`, randomSecret));
  }
  const passwordOf = (user: string) => passwords.get(user) ?? '';
  const options = {
    server: path,
    storeDir: state.path('nats'),
    logSize,
    users: [
      { user: admin, password: passwordOf(admin), publish: ['>'], subscribe: ['>'] },
      ...services.map((service) => ({
        user: service,
        password: passwordOf(service),
        ...permissionsOf(service),
      })),
    ],
  };
  const first = await startNats({ ...options, port: await findPort(4222) });
  const { url, port } = first;
  const server = keepServer('nats', first, () => startNats({ ...options, port }));
  const urlFor = (user: string) => url.replace('//', `//${user}:${passwordOf(user)}@`);
  return { server, shownUrl: url, adminUrl: urlFor(admin), urlFor };
}

/** A broker that is there already: whoever runs it decides who may do what. */
export const externalBroker = (url: string): Broker => ({
  server: undefined,
  shownUrl: url.replace(/\/\/[^@/]*@/, '//'),
  adminUrl: url,
  urlFor: () => url,
});
