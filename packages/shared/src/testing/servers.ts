import type { NatsUser } from '@paceline/embedded';
import pg from 'pg';
import { permissionsOf, type Service, services } from '../contracts/index.ts';
import { migrate } from '../database/migrate.ts';
import { testNats, testPostgres } from './own-servers.ts';

/** The servers that all test files of a run share. */
export interface TestServers {
  /** `127.0.0.1:<port>` of the broker. */
  readonly broker: string;
  /** The URL of Postgres' own database. */
  readonly postgres: string;
  /** A database with all tables and no rows, to be copied. */
  readonly template: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    servers: TestServers;
  }
}

/** Number of broker accounts for test files; a sequence of Postgres hands them out. */
export const mostPlaces = 150;
export const password = 'p';

/** An account's users: each service with its own rights, and one who may do everything. */
export const userAt = (place: number, name: Service | 'admin'): string => `${name}-${place}`;

export function accountOf(place: number): [string, NatsUser[]] {
  const users = services.map((service) => ({
    user: userAt(place, service),
    password,
    ...permissionsOf(service),
  }));
  const admin = { user: userAt(place, 'admin'), password, publish: ['>'], subscribe: ['>'] };
  return [`place-${place}`, [admin, ...users]];
}

/** Vitest calls it once for a run, before the first test file. @returns what it calls after the last */
export default async function setup(project: {
  provide(key: 'servers', value: TestServers): void;
}): Promise<() => Promise<void>> {
  const accounts = Array.from({ length: mostPlaces }, (_, index) => accountOf(index + 1));
  const [nats, postgres] = await Promise.all([
    testNats({ accounts: Object.fromEntries(accounts) }),
    testPostgres(),
  ]);
  const template = 'paceline_template';
  await migrate(await postgres.createDatabase(template));
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query('create sequence places').finally(() => client.end());
  project.provide('servers', { broker: new URL(nats.url).host, postgres: postgres.url, template });
  return async () => {
    await Promise.all([nats.stop(), postgres.stop()]);
  };
}
