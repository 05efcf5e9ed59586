import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { NatsConnection } from '@nats-io/nats-core';
import { loadConfig } from '@paceline/shared/config';
import { type Marks, type Origin, originOf, type Service, services } from '@paceline/shared/contracts';
import { databaseOrigin, markDatabase, openDatabase } from '@paceline/shared/database';
import { newDatabaseUrl } from '@paceline/shared/database/testing';
import { brokerOrigin, connect, markBroker, provision } from '@paceline/shared/messaging';
import { sharedBrokerAccount } from '@paceline/shared/testing/backend';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messagesIn } from './backup/copies.ts';
import { backedUpStreams } from './backup/take.ts';
import { prepare, retentionVariables } from './prepare.ts';
import { root } from './state.ts';

let brokerUrl: Awaited<ReturnType<typeof sharedBrokerAccount>>;
let databaseUrl: string;
let connection: NatsConnection;
let database: ReturnType<typeof openDatabase>;

beforeEach(async () => {
  [brokerUrl, databaseUrl] = await Promise.all([sharedBrokerAccount(), newDatabaseUrl({ empty: true })]);
  connection = await connect(brokerUrl('admin'), 'provision');
  database = openDatabase(databaseUrl, () => undefined);
});
afterEach(async () => {
  await connection.close();
  await database.close();
});

const clock = 'scale=60,anchor=1764788400000';
const sandbox = originOf(undefined, { scale: 60, anchor: 1_764_788_400_000 });
const upstream = originOf('https://upstream.example/api', { scale: 1, anchor: 0 });
const retention = loadConfig({}, retentionVariables);

const prepareFor = (own: Origin | undefined) =>
  prepare({ url: brokerUrl('admin'), monitorUrls: [] }, databaseUrl, 1, retention, own);

const marks = async (): Promise<Marks> => ({
  broker: await brokerOrigin(connection),
  database: await databaseOrigin(database.db),
});

/** The number of messages of each stream, and the names of all tables. */
async function contents() {
  const { rows } = await database.db.execute(`select tablename from pg_tables where schemaname = 'public'`);
  return [rows, await Promise.all(backedUpStreams.map((name) => messagesIn(connection, name)))];
}

/** Servers marked as given; `undefined` marks are those of a version that did not mark them. */
async function have({ broker, database: inDatabase }: Marks): Promise<void> {
  if (broker) await provision(connection).then(() => markBroker(connection, broker));
  if (!inDatabase) return;
  await prepare(
    { url: (await sharedBrokerAccount())('admin'), monitorUrls: [] },
    databaseUrl,
    1,
    retention,
    undefined,
  );
  await markDatabase(database.db, inDatabase);
}

describe('provisioning', () => {
  it.each<[string, Marks, Origin | undefined, Origin | undefined]>([
    ['new servers', {}, sandbox, sandbox],
    ['new servers whose upstream is unknown', {}, undefined, undefined],
    ['a database of an earlier version', { broker: sandbox }, sandbox, sandbox],
    ['a database of an earlier version, upstream unknown', { broker: sandbox }, undefined, sandbox],
    ['a new broker', { database: sandbox }, sandbox, sandbox],
    ['a new broker, upstream unknown', { database: sandbox }, undefined, sandbox],
    ['servers of the same system', { broker: sandbox, database: sandbox }, sandbox, sandbox],
  ])('marks broker and database alike: %s', async (_, before, own, after) => {
    await have(before);
    await prepareFor(own);
    expect(await marks()).toEqual({ broker: after, database: after });
    await prepareFor(own);
  });

  it.each<[string, Marks, Origin | undefined, string]>([
    ['an old database with a new broker', { database: sandbox }, upstream, 'in the database'],
    ['another database', { broker: upstream, database: sandbox }, upstream, 'in the database'],
    ['another broker', { broker: sandbox, database: upstream }, upstream, 'on the broker'],
    [
      'another broker and database',
      { broker: sandbox, database: sandbox },
      upstream,
      'on the broker and in the database',
    ],
    [
      'servers of two systems, upstream unknown',
      { broker: sandbox, database: upstream },
      undefined,
      'in the database',
    ],
  ])('refuses %s, and changes nothing', async (_, before, own, where) => {
    await have(before);
    const was = await contents();
    await expect(prepareFor(own)).rejects.toThrow(`the state ${where} belongs to another system`);
    expect(await contents()).toEqual(was);
    expect(await marks()).toEqual({ broker: before.broker, database: before.database });
  });
});

/** Runs a program of the repository. */
async function run(file: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [join(root, file)], {
    env: { PATH: process.env.PATH, DATABASE_URL: databaseUrl, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // One that is not refused would run on.
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  const [out, error, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, output: out + error };
}

describe('state of a sandbox under a real upstream', () => {
  const realUpstream = { ZWIFTRACING_BASE_URL: 'https://upstream.example/api', ZWIFTRACING_API_KEY: 'k' };

  it('makes provisioning exit with 78', async () => {
    await have({ database: sandbox });
    const env = { NATS_URL: brokerUrl('admin'), ...realUpstream };
    const { code, output } = await run('local/launcher/src/provision.ts', env);
    expect(code, output).toBe(78);
    expect(output).toContain(
      'the state in the database belongs to another system: its upstream is "sandbox"',
    );
  });

  const start = (service: Service) =>
    run(`services/${service}/src/main.ts`, {
      NATS_URL: brokerUrl(service),
      ZWIFTRACING_CLUB_IDS: '20650',
      API_PORT: '0',
      HEALTH_PORT: '0',
      ...realUpstream,
    });

  it('makes every service exit with 78 when it is on the broker', async () => {
    await have({ broker: sandbox });
    for (const { code, output } of await Promise.all(services.map(start))) {
      expect(code, output).toBe(78);
      expect(output).toContain('the state on the broker belongs to another system');
      expect(output).toContain(`its clock is \\"${clock}\\", the configured one \\"real time\\"`);
    }
  });

  it('makes every service with a database exit with 78 when it is there', async () => {
    await provision(connection);
    await have({ database: sandbox });
    for (const { code, output } of await Promise.all(
      (['rider-sync', 'event-sync', 'api'] as const).map(start),
    )) {
      expect(code, output).toBe(78);
      expect(output).toContain('the state in the database belongs to another system');
    }
  });

  it('makes the API exit with 78 when only the upstream of broker and database differ', async () => {
    await have({ broker: { ...sandbox, clock: 'real time' }, database: upstream });
    const { code, output } = await start('api');
    expect(code, output).toBe(78);
    expect(output).toContain('the state in the database belongs to another system than that on the broker');
  });
});
