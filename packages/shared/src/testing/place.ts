import type { NatsConnection } from '@nats-io/transport-node';
import pg from 'pg';
import { inject } from 'vitest';
import type { Service } from '../contracts/index.ts';
import { migrate } from '../database/index.ts';
import { connect, provision } from '../messaging/index.ts';
import { type TestNats, testNats } from './nats.ts';
import { type TestPostgres, testPostgres } from './postgres.ts';
import { unseen } from './under-way.ts';
import { accountOf, mostPlaces, password, userAt } from './servers.ts';

/** What a test file has for itself: an account of a broker, with the streams in it, and a database with the tables. */
export interface Place extends AsyncDisposable {
  /** The broker's URL with the rights of this service. */
  brokerUrl(service: Service | 'admin'): string;
  /** A connection that may do everything; it is closed with the place. */
  readonly admin: NatsConnection;
  readonly databaseUrl: string;
  /** One more such connection, which does not count as something under way: see `testTime`. */
  unseenConnection(): Promise<NatsConnection>;
  close(): Promise<void>;
}

/** A place on servers of its own, for tests that kill them. */
export interface OwnPlace extends Place {
  readonly nats: TestNats;
  readonly postgres: TestPostgres;
}

/** Takes a place on the servers that all test files share. */
export async function takePlace(): Promise<Place> {
  const { broker, postgres, template } = inject('servers');
  const { number, databaseUrl } = await onPostgres(postgres, async (client) => {
    const { rows } = await client.query<{ nextval: string }>("select nextval('places')");
    const taken = Number(rows[0]?.nextval);
    if (taken > mostPlaces) throw new Error(`more than ${mostPlaces} places are taken on the broker`);
    const name = `place_${taken}`;
    await client.query(`create database ${name} template ${template}`);
    return { number: taken, databaseUrl: Object.assign(new URL(postgres), { pathname: `/${name}` }).href };
  });
  return placeOn(broker, number, databaseUrl, async () => {});
}

export async function ownPlace(): Promise<OwnPlace> {
  const [nats, postgres] = await Promise.all([
    testNats({ accounts: Object.fromEntries([accountOf(0)]) }),
    testPostgres(),
  ]);
  await migrate(postgres.url);
  const stop = async () => {
    await Promise.all([nats.stop(), postgres.stop()]);
  };
  return { ...(await placeOn(new URL(nats.url).host, 0, postgres.url, stop)), nats, postgres };
}

async function placeOn(
  broker: string,
  number: number,
  databaseUrl: string,
  stop: () => Promise<void>,
): Promise<Place> {
  const brokerUrl = (service: Service | 'admin') => `nats://${userAt(number, service)}:${password}@${broker}`;
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
  return { brokerUrl, admin, databaseUrl, unseenConnection, close, [Symbol.asyncDispose]: close };
}

async function onPostgres<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return work(client).finally(() => client.end());
}
