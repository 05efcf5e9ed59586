import { once } from 'node:events';
import { chmod, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection, PermissionViolationError } from '@nats-io/transport-node';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeTempDir, removeAll } from './files.ts';
import { findNatsServer } from './nats-binary.ts';
import { type NatsOptions, type NatsProcess, startNats } from './nats-server.ts';
import { freePort } from './system.ts';

let server: string;
let storeDir: string;
let cleanups: Array<() => Promise<unknown>>;

beforeAll(async () => {
  server = (await findNatsServer({ report: () => undefined })).path;
}, 120_000);
beforeEach(async () => {
  storeDir = await makeTempDir(tmpdir(), 'paceline-nats');
  cleanups = [() => removeAll(storeDir)];
});
afterEach(async () => {
  for (const cleanUp of cleanups.toReversed()) await cleanUp();
});

async function start(options: Partial<NatsOptions> = {}): Promise<NatsProcess> {
  const nats = await startNats({ server, storeDir, ...options });
  cleanups.push(() => nats.stop());
  return nats;
}

async function client(nats: NatsProcess, user?: string): Promise<NatsConnection> {
  const connection = await connect({
    servers: nats.url,
    ...(user !== undefined && { user, pass: `${user}'s $3cret` }),
  });
  cleanups.push(() => connection.close());
  return connection;
}

describe('startNats', () => {
  it('resolves when requests and JetStream work', async () => {
    const connection = await client(await start());
    connection.subscribe('echo', { callback: (_, message) => void message.respond(message.data) });
    expect((await connection.request('echo', 'hello')).string()).toBe('hello');
    expect((await (await jetstreamManager(connection)).getAccountInfo()).streams).toBe(0);
  });

  it('accepts messages of up to 8 MB', async () => {
    const connection = await client(await start());
    expect(connection.info?.max_payload).toBe(8 * 1024 * 1024);
  });

  it('keeps every acknowledged message across a kill and restart', async () => {
    const first = await start();
    const connection = await client(first);
    await (await jetstreamManager(connection)).streams.add({ name: 'KEPT', subjects: ['kept.>'] });
    for (let n = 0; n < 20; n++) await jetstream(connection).publish('kept.n', String(n));
    first.kill('SIGKILL');
    expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });

    const again = await client(await start());
    expect((await (await jetstreamManager(again)).streams.info('KEPT')).state.messages).toBe(20);
  });

  it('listens on the given port, and rejects when it is in use', async () => {
    const port = await freePort();
    const nats = await start({ port });
    expect(nats).toMatchObject({ port, url: `nats://127.0.0.1:${port}` });
    await expect(start({ port })).rejects.toThrow(`port ${port} is already in use: `);

    const other = createServer().listen(0, '127.0.0.1');
    cleanups.push(async () => other.close());
    await once(other, 'listening');
    const address = other.address();
    const monitorPort = typeof address === 'object' ? (address?.port ?? 0) : 0;
    await expect(start({ monitorPort })).rejects.toThrow(`port ${monitorPort} is already in use: `);
  });

  it('syncs each message to disk before it acknowledges it, unless it is given an interval', async () => {
    const configOf = async (options: Partial<NatsOptions>) => {
      const monitorPort = await freePort();
      const nats = await start({ monitorPort, ...options });
      const page = await fetch(`http://127.0.0.1:${monitorPort}/jsz`);
      await nats.stop();
      return ((await page.json()) as { config: object }).config;
    };
    expect(await configOf({})).toMatchObject({ sync_always: true });
    const relaxed = await configOf({ syncInterval: '90s' });
    expect(relaxed).toMatchObject({ sync_interval: 90e9 });
    expect(relaxed).not.toHaveProperty('sync_always');
  });

  it('rejects with the end of the log when the server does not start', async () => {
    const broken = join(storeDir, 'broken-server');
    await writeFile(broken, '#!/bin/sh\necho "no space left on device" >&2\nexit 1\n');
    await chmod(broken, 0o755);
    await expect(start({ server: broken })).rejects.toThrow(
      'nats-server did not start (exited with code 1):\nno space left on device',
    );
  });
});

describe('a nats-server with users', () => {
  const users = [
    {
      user: 'worker',
      password: "worker's $3cret",
      publish: ['request.>'],
      subscribe: ['event.*', '_INBOX.>'],
    },
    {
      user: 'owner',
      password: "owner's $3cret",
      publish: [],
      subscribe: ['request.>'],
      replies: { max: 1, expires: '5s' },
    },
    { user: 'guest', password: "guest's $3cret", publish: [], subscribe: [] },
  ];

  it('requires their passwords, and keeps them in a file that only its owner can read', async () => {
    const nats = await start({ users });
    await expect(connect({ servers: nats.url })).rejects.toThrow(/authorization/i);
    await expect(connect({ servers: nats.url, user: 'owner', pass: 'guess' })).rejects.toThrow(
      /authorization/i,
    );
    expect((await stat(join(storeDir, 'nats-server.conf'))).mode & 0o777).toBe(0o600);
  });

  it('lets users publish and subscribe to their subjects, and reply to requests', async () => {
    const nats = await start({ users });
    const [worker, owner] = [await client(nats, 'worker'), await client(nats, 'owner')];
    owner.subscribe('request.permit', { callback: (_, message) => void message.respond('granted') });
    await owner.flush();
    expect((await worker.request('request.permit')).string()).toBe('granted');
  });

  it.each([
    ['worker', 'publish', 'event.done'],
    ['owner', 'publish', 'request.permit'],
    ['guest', 'publish', 'anything'],
    ['worker', 'subscription', 'request.permit'],
    ['owner', 'subscription', 'event.done'],
    ['guest', 'subscription', 'anything'],
  ] as const)('refuses %s a %s without permission: %s', async (user, operation, subject) => {
    const connection = await client(await start({ users }), user);
    const refused = refusal(connection);
    if (operation === 'publish') connection.publish(subject);
    else connection.subscribe(subject, { callback: () => undefined });
    expect(await refused).toMatchObject({ operation, subject });
  });
});

async function refusal(connection: NatsConnection): Promise<PermissionViolationError | undefined> {
  for await (const status of connection.status()) {
    if (status.type === 'error' && status.error instanceof PermissionViolationError) return status.error;
  }
  return undefined;
}
