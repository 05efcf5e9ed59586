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

/** The same with a database, which has the tables. */
export interface Place extends BrokerPlace {
  readonly databaseUrl: string;
}

/** A place on a broker of its own, for tests that kill it. */
export interface OwnBroker extends BrokerPlace {
  readonly nats: TestNats;
}

/** A place on servers of its own, for tests that kill them. */
export interface OwnPlace extends Place, OwnBroker {
  readonly postgres: TestPostgres;
}

/** Takes a place on the servers that all test files share. */
export async function takePlace(): Promise<Place> {
  const { broker, postgres, template } = inject('servers');
  const { number, databaseUrl } = await onPostgres(postgres, async (client) => {
    const taken = await nextPlace(client);
    const name = `place_${taken}`;
    await client.query(`create database ${name} template ${template}`);
    return { number: taken, databaseUrl: Object.assign(new URL(postgres), { pathname: `/${name}` }).href };
  });
  return { ...(await placeOn(broker, number)), databaseUrl };
}

/** The same without a database, for services that need none. */
export async function takeBroker(): Promise<BrokerPlace> {
  const { broker, postgres } = inject('servers');
  return placeOn(broker, await onPostgres(postgres, nextPlace));
}

export async function ownPlace(): Promise<OwnPlace> {
  const [nats, postgres] = await Promise.all([ownNats(), testPostgres()]);
  await migrate(postgres.url);
  const stop = async () => {
    await Promise.all([nats.stop(), postgres.stop()]);
  };
  const place = await placeOn(new URL(nats.url).host, 0, stop);
  return { ...place, databaseUrl: postgres.url, nats, postgres };
}

export async function ownBroker(): Promise<OwnBroker> {
  const nats = await ownNats();
  return { ...(await placeOn(new URL(nats.url).host, 0, nats.stop)), nats };
}

const ownNats = () => testNats({ accounts: Object.fromEntries([accountOf(0)]) });

async function placeOn(
  broker: string,
  number: number,
  stop: () => Promise<void> = async () => {},
): Promise<BrokerPlace> {
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
  return { brokerUrl, admin, unseenConnection, close, [Symbol.asyncDispose]: close };
}

async function nextPlace(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ nextval: string }>("select nextval('places')");
  const taken = Number(rows[0]?.nextval);
  if (taken > mostPlaces) throw new Error(`more than ${mostPlaces} places are taken on the broker`);
  return taken;
}

async function onPostgres<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return work(client).finally(() => client.end());
}
