import type { NatsUser } from '@paceline/embedded';
import pg from 'pg';
import { permissionsOf, type Service, services } from '../contracts/index.ts';
import { migrate } from '../database/migrate.ts';
import { testNats, testPostgres } from './dedicated-servers.ts';

/** The servers that all test files of a run share. */
export interface TestServers {
  /** `127.0.0.1:<port>` of the broker. */
  readonly broker: string;
  /** The URL of the default database. */
  readonly postgres: string;
  /** The template of test databases: all tables, no rows. */
  readonly template: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    servers: TestServers;
  }
}

/** Broker accounts for test files, numbered by a Postgres sequence. */
export const maxAccounts = 150;
export const password = 'p';

export const userIn = (accountNumber: number, name: Service | 'admin'): string => `${name}-${accountNumber}`;

/** A broker account with a user for each service, with its permissions, and an admin. */
export function testAccount(accountNumber: number): [string, NatsUser[]] {
  const users = services.map((service) => ({
    user: userIn(accountNumber, service),
    password,
    ...permissionsOf(service),
  }));
  const admin = { user: userIn(accountNumber, 'admin'), password, publish: ['>'], subscribe: ['>'] };
  return [`account-${accountNumber}`, [admin, ...users]];
}

/** Vitest's global setup: runs once before the first test file. @returns the teardown */
export default async function setup(project: {
  provide(key: 'servers', value: TestServers): void;
}): Promise<() => Promise<void>> {
  const accounts = Array.from({ length: maxAccounts }, (_, index) => testAccount(index + 1));
  const [nats, postgres] = await Promise.all([
    testNats({ accounts: Object.fromEntries(accounts) }),
    testPostgres(),
  ]);
  const template = 'paceline_template';
  await migrate(await postgres.createDatabase(template));
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query('create sequence broker_accounts').finally(() => client.end());
  project.provide('servers', { broker: new URL(nats.url).host, postgres: postgres.url, template });
  return async () => {
    await Promise.all([nats.stop(), postgres.stop()]);
  };
}
