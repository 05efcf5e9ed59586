import type { NatsConnection } from '@nats-io/transport-node';
import { inject } from 'vitest';
import type { ClockSetting } from '../clock/index.ts';
import type { Service } from '../contracts/index.ts';
import { migrate } from '../database/index.ts';
import { connect, provision } from '../messaging/index.ts';
import { nextAccount, takeDatabase } from './database.ts';
import { type TestNats, testNats, type TestPostgres, testPostgres } from './own-servers.ts';
import { accountOf, mostPlaces, password, userAt } from './servers.ts';
import { runningTime, type TestTime, testTime } from './time.ts';
import { unseen } from './under-way.ts';

/** An account of a broker that a test file has for itself, with the streams in it. */
export interface BrokerPlace extends AsyncDisposable {
  /** The broker's URL with the rights of this service. */
  brokerUrl(service: Service | 'admin'): string;
  /** A connection that may do everything; it is closed with the place. */
  readonly admin: NatsConnection;
  /** One more such connection, which does not count as something under way: see `testTime`. */
  unseenConnection(): Promise<NatsConnection>;
  close(): Promise<void>;
}

/** The same, and a database with the tables. */
export interface Place extends BrokerPlace {
  readonly databaseUrl: string;
}

/** A broker of the file's own, for tests that kill it. */
export interface OwnBroker extends BrokerPlace {
  readonly nats: TestNats;
}

/** Servers of the file's own, for tests that kill them. */
export interface OwnPlace extends Place, OwnBroker {
  readonly postgres: TestPostgres;
}

/** Takes a place on the servers that all test files share. */
export async function takePlace(): Promise<Place> {
  const [broker, databaseUrl] = await Promise.all([takeBroker(), takeDatabase()]);
  return { ...broker, databaseUrl };
}

/** The same without a database, for services that need none. */
export const takeBroker = async (): Promise<BrokerPlace> =>
  placeOn(inject('servers').broker, await takeNumber());

/** Takes an account of the shared broker, without streams. @returns its URL with the rights of a service */
export const takeAccount = async (): Promise<BrokerPlace['brokerUrl']> =>
  urlsOn(inject('servers').broker, await takeNumber());

/** Time for what runs on a place: the test's own, or, with `runs`, time that goes on by itself. */
export const timeOn = async (place: BrokerPlace, setting: ClockSetting, runs: boolean): Promise<TestTime> =>
  runs ? runningTime(setting) : testTime(await place.unseenConnection(), setting);

export async function ownBroker(): Promise<OwnBroker> {
  const nats = await testNats({ accounts: Object.fromEntries([accountOf(0)]) });
  return { ...(await placeOn(new URL(nats.url).host, 0, nats.stop)), nats };
}

export async function ownPlace(): Promise<OwnPlace> {
  const [broker, postgres] = await Promise.all([ownBroker(), testPostgres()]);
  await migrate(postgres.url);
  const close = async () => {
    await Promise.all([broker.close(), postgres.stop()]);
  };
  return { ...broker, postgres, databaseUrl: postgres.url, close, [Symbol.asyncDispose]: close };
}

async function placeOn(
  broker: string,
  number: number,
  stop: () => Promise<void> = async () => {},
): Promise<BrokerPlace> {
  const brokerUrl = urlsOn(broker, number);
  const admin = await connect(brokerUrl('admin'), 'provision');
  await provision(admin);
  const opened = [admin];
  const close = async () => {
    await Promise.all(opened.map((connection) => connection.close()));
    await stop();
  };
  const unseenConnection = async () => {
    const connection = await unseen(() => connect(brokerUrl('admin'), 'provision'));
    opened.push(connection);
    return connection;
  };
  return { brokerUrl, admin, unseenConnection, close, [Symbol.asyncDispose]: close };
}

const urlsOn =
  (broker: string, number: number): BrokerPlace['brokerUrl'] =>
  (service) =>
    `nats://${userAt(number, service)}:${password}@${broker}`;

async function takeNumber(): Promise<number> {
  const number = await nextAccount();
  if (number > mostPlaces) throw new Error(`more than ${mostPlaces} places are taken on the broker`);
  return number;
}
