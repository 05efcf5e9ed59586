import type { NatsConnection } from '@nats-io/transport-node';
import { inject } from 'vitest';
import type { ClockSetting } from '../clock/index.ts';
import type { Service } from '../contracts/index.ts';
import { migrate } from '../database/index.ts';
import { connect, provision } from '../messaging/index.ts';
import { nextAccountNumber, newDatabaseUrl } from './database.ts';
import { type TestNats, testNats, type TestPostgres, testPostgres } from './dedicated-servers.ts';
import { testAccount, maxAccounts, password, userIn } from './servers.ts';
import { runningTime, type TestTime, testTime } from './time.ts';
import { unwatched } from './pending-io.ts';

/** A test file's own account on a broker, with its streams provisioned. */
export interface TestBroker extends AsyncDisposable {
  /** The broker's URL with the permissions of this service. */
  brokerUrl(service: Service | 'admin'): string;
  /** A connection with all permissions; closed together with the account. */
  readonly admin: NatsConnection;
  /** Another admin connection, whose traffic does not count as pending I/O: see `testTime`. */
  unwatchedConnection(): Promise<NatsConnection>;
  close(): Promise<void>;
}

/** A broker account and a migrated database. */
export interface TestBackend extends TestBroker {
  readonly databaseUrl: string;
}

/** A broker that no other test file uses, for tests that kill it. */
export interface DedicatedBroker extends TestBroker {
  readonly nats: TestNats;
}

/** Servers that no other test file uses, for tests that kill them. */
export interface DedicatedBackend extends TestBackend, DedicatedBroker {
  readonly postgres: TestPostgres;
}

/** A new account and database on the servers that all test files share. */
export async function sharedBackend(): Promise<TestBackend> {
  const [broker, databaseUrl] = await Promise.all([sharedBroker(), newDatabaseUrl()]);
  return { ...broker, databaseUrl };
}

/** As `sharedBackend`, for services without a database. */
export const sharedBroker = async (): Promise<TestBroker> =>
  brokerOn(inject('servers').broker, await takeAccountNumber());

/** A new account on the shared broker, without streams. @returns its URL for a service's permissions */
export const sharedBrokerAccount = async (): Promise<TestBroker['brokerUrl']> =>
  urlsOn(inject('servers').broker, await takeAccountNumber());

/** Time that the test controls or, with `runs`, time that runs on its own. */
export const timeFor = async (broker: TestBroker, setting: ClockSetting, runs: boolean): Promise<TestTime> =>
  runs ? runningTime(setting) : testTime(await broker.unwatchedConnection(), setting);

export async function dedicatedBroker(): Promise<DedicatedBroker> {
  const nats = await testNats({ accounts: Object.fromEntries([testAccount(0)]) });
  return { ...(await brokerOn(new URL(nats.url).host, 0, nats.stop)), nats };
}

export async function dedicatedBackend(): Promise<DedicatedBackend> {
  const [broker, postgres] = await Promise.all([dedicatedBroker(), testPostgres()]);
  await migrate(postgres.url);
  const close = async () => {
    await Promise.all([broker.close(), postgres.stop()]);
  };
  return { ...broker, postgres, databaseUrl: postgres.url, close, [Symbol.asyncDispose]: close };
}

async function brokerOn(
  host: string,
  accountNumber: number,
  stop: () => Promise<void> = async () => {},
): Promise<TestBroker> {
  const brokerUrl = urlsOn(host, accountNumber);
  const admin = await connect(brokerUrl('admin'), 'provision');
  await provision(admin);
  const opened = [admin];
  const close = async () => {
    await Promise.all(opened.map((connection) => connection.close()));
    await stop();
  };
  const unwatchedConnection = async () => {
    const connection = await unwatched(() => connect(brokerUrl('admin'), 'provision'));
    opened.push(connection);
    return connection;
  };
  return { brokerUrl, admin, unwatchedConnection, close, [Symbol.asyncDispose]: close };
}

const urlsOn =
  (host: string, accountNumber: number): TestBroker['brokerUrl'] =>
  (service) =>
    `nats://${userIn(accountNumber, service)}:${password}@${host}`;

async function takeAccountNumber(): Promise<number> {
  const number = await nextAccountNumber();
  if (number > maxAccounts) throw new Error(`all ${maxAccounts} accounts of the test broker are in use`);
  return number;
}
