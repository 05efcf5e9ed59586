import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Logger } from '../telemetry/index.ts';
import { type TestAuthority, testAuthority } from '../testing/certificates.ts';
import { eventually, type TestNats, testNats, testLog } from '../testing/index.ts';
import { connect } from './index.ts';
import { type OpenBus, openBus } from './open-bus.ts';

const long = { timeoutMs: 60_000 };
const log = testLog('open-bus-test');
const opened: OpenBus[] = [];
const servers: TestNats[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ bus }) => bus.connection.close()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function start(options: Parameters<typeof testNats>[0]): Promise<TestNats> {
  const nats = await testNats(options);
  servers.push(nats);
  return nats;
}

async function open(...given: Parameters<typeof openBus>): Promise<OpenBus> {
  const bus = await openBus(...given);
  opened.push(bus);
  return bus;
}

/** Waits until the readiness check fails with this reason. */
const failsWith = ({ checks }: OpenBus, reason: RegExp) =>
  eventually(() => expect(checks.broker()).rejects.toThrow(reason), long);
const succeeds = ({ checks }: OpenBus) => eventually(() => checks.broker(), long);

describe('a connection whose login is refused', () => {
  const user = { user: 'limiter', password: 'right', publish: ['>'], subscribe: ['>'] };

  it('names the reason, and continues when the broker accepts the login again', async () => {
    const users = [user];
    const nats = await start({ users });
    const broker = await open(`nats://limiter:right@127.0.0.1:${nats.port}`, 'limiter', log);
    let refusals = 0;
    void (async () => {
      for await (const { type } of broker.bus.connection.status()) if (type === 'error') refusals += 1;
    })();
    users[0] = { ...user, password: 'changed' };
    await nats.restart();
    await failsWith(broker, /^Disconnected: it rejects our login \(.*Authorization Violation/);
    await expect(broker.checks.storage()).rejects.toThrow('Unknown while disconnected');
    // By default the client gives up at the second one.
    await eventually(() => expect(refusals).toBeGreaterThan(2), long);
    expect(broker.bus.connection.isClosed()).toBe(false);
    users[0] = user;
    await nats.restart();
    await expect(succeeds(broker)).resolves.toBeUndefined();
  });

  it('continues after its account was removed and added again', async () => {
    const accounts: Record<string, (typeof user)[]> = { team: [user] };
    const nats = await start({ accounts });
    const broker = await open(`nats://limiter:right@127.0.0.1:${nats.port}`, 'limiter', log);
    delete accounts.team;
    accounts.other = [{ ...user, user: 'other' }];
    await nats.restart();
    await failsWith(broker, /it rejects our login/);
    accounts.team = [user];
    await nats.restart();
    await expect(succeeds(broker)).resolves.toBeUndefined();
  });
});

it('a connection that is one too many says so, and continues when there is room', async () => {
  const settings: Record<string, unknown> = {};
  const nats = await start({ settings });
  const broker = await open(nats.url, 'limiter', log);
  settings.max_connections = 1;
  await nats.kill();
  await failsWith(broker, /connection refused/);
  await nats.restart();
  const other = await connect(nats.url, 'provision');
  await failsWith(broker, /it closes our connection, perhaps because it has too many/);
  await other.close();
  await expect(succeeds(broker)).resolves.toBeUndefined();
});

describe('a connection whose certificates change', () => {
  let folder: string;
  let authority: TestAuthority;
  let stranger: TestAuthority;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'paceline-tls-'));
    [authority, stranger] = await Promise.all([testAuthority(folder), testAuthority(folder, 'stranger')]);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('reads its files again, so that a renewed authority is trusted without a restart', async () => {
    const [ca, cert, key] = ['ca', 'cert', 'key'].map((name) => join(folder, `current-${name}`)) as [
      string,
      string,
      string,
    ];
    const use = async ({ cert: newCert, key: newKey }: Awaited<ReturnType<TestAuthority['issue']>>) => {
      await copyFile(newCert, cert);
      await copyFile(newKey, key);
    };
    await copyFile(authority.ca, ca);
    await use(await authority.issue('127.0.0.1'));
    const nats = await start({ tls: { cert, key } });
    const tls = { caFile: ca };
    const broker = await open(`tls://127.0.0.1:${nats.port}`, 'limiter', log, { tls });
    await use(await stranger.issue('127.0.0.1'));
    await nats.restart();
    await failsWith(broker, /its certificate is not signed by a trusted authority/);
    await copyFile(stranger.ca, ca);
    await expect(succeeds(broker)).resolves.toBeUndefined();
  });
});

it('a service that starts before its broker logs the reason once, and connects when it is there', async () => {
  const lines: Array<readonly [object, string]> = [];
  const recorded = {
    warn: (fields: object, text: string) => lines.push([fields, text]),
  } as unknown as Logger;
  const nats = await start({});
  await nats.kill();
  const opening = open(nats.url, 'limiter', recorded);
  await eventually(() =>
    expect(lines).toEqual([[{ reason: 'connection refused' }, 'waiting for the broker']]),
  );
  await nats.restart();
  await succeeds(await opening);
  expect(lines).toHaveLength(1);
});
