import { createServer, type Server } from 'node:http';
import { freePort } from '@paceline/embedded';
import { once } from 'node:events';
import type { NatsConnection } from '@nats-io/nats-core';
import { afterEach, describe, expect, it } from 'vitest';
import { durabilityNotice } from '../contracts/index.ts';
import { type TestNats, testLog, testNats } from '../testing/index.ts';
import { connect, createBus, proveDurability, provision, readDurability, recordDurability } from './index.ts';

const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp();
});

/** A broker with a monitoring page, and a connection to it. */
async function start(syncInterval?: string) {
  const monitorPort = await freePort();
  const nats: TestNats = await testNats({ monitorPort, ...(syncInterval && { syncInterval }) });
  cleanups.push(() => nats.stop());
  const connection = await connect(nats.url, 'provision');
  cleanups.push(() => connection.close());
  return { connection, monitorUrl: `http://127.0.0.1:${monitorPort}` };
}

/** A server that sends these pages, one after the other. */
async function servePages(...pages: object[]): Promise<string> {
  const server: Server = createServer((_, response) =>
    response.end(JSON.stringify(pages.length > 1 ? pages.shift() : pages[0])),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

const connectedTo = (id: string) => ({ info: { server_id: id } }) as unknown as NatsConnection;

/** A page of one server of a cluster of three. */
const page = (id: string, jetstream: object = { sync_always: true }, version = '2.15.1') => ({
  server_id: id,
  version,
  cluster: { name: 'paceline' },
  jetstream: { config: jetstream, meta: { cluster_size: 3 } },
});

describe('the durability of a broker', () => {
  it('is read back from the server, recorded by provisioning, and read by a service', async () => {
    const { connection, monitorUrl } = await start('always');
    await provision(connection);
    const bus = createBus(connection, testLog('durability-test'));
    expect(await readDurability(bus)).toMatchObject({ sync: 'unknown', reason: expect.any(String) });
    const found = await proveDurability(connection, [`${monitorUrl}/`]);
    expect(found).toEqual({ sync: 'always' });
    await recordDurability(connection, found);
    expect(await readDurability(bus)).toEqual(found);
    expect(durabilityNotice(found)).toEqual({ title: null, reason: null, advice: null });
  });

  it('is an interval when the server syncs only now and then', async () => {
    const { connection, monitorUrl } = await start('90s');
    const found = await proveDurability(connection, [monitorUrl]);
    expect(found).toEqual({ sync: 'interval', intervalMs: 90_000 });
    expect(durabilityNotice(found)).toMatchObject({
      reason: expect.stringContaining('every 90 s'),
      advice: expect.stringContaining('sync_interval: always'),
    });
  });

  it('is unknown without a monitoring page, and says what to set', async () => {
    const { connection } = await start('always');
    const found = await proveDurability(connection, []);
    expect(found).toEqual({ sync: 'unknown', reason: 'NATS_MONITOR_URL is not set' });
    expect(durabilityNotice(found).advice).toContain('NATS_MONITOR_URL');
  });

  it('is unknown when a page cannot be read, is not one, or is that of another broker', async () => {
    const { connection, monitorUrl } = await start('always');
    const other = await start('always');
    const reasonFor = async (...urls: string[]) => proveDurability(connection, urls);
    expect(await reasonFor(`http://127.0.0.1:${await freePort()}`)).toMatchObject({
      reason: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/varz can't be read \(.*ECONNREFUSED/),
    });
    expect(await reasonFor(await servePages({ hello: 1 }))).toMatchObject({
      reason: expect.stringContaining('it is not a page of nats-server'),
    });
    expect(await reasonFor(other.monitorUrl)).toMatchObject({
      reason: 'NATS_MONITOR_URL is not that of the broker in NATS_URL',
    });
    expect(await reasonFor(monitorUrl, monitorUrl)).toEqual({ sync: 'always' });
  });

  it('is that of the weakest server of a cluster, and unknown unless every one is asked', async () => {
    const url = await servePages(page('A'), page('B'), page('C'), page('A'), page('B', {}), page('A'));
    const urls = [url, url, url];
    expect(await proveDurability(connectedTo('B'), urls)).toEqual({ sync: 'always' });
    expect(await proveDurability(connectedTo('B'), [url, url])).toMatchObject({
      reason: 'NATS_MONITOR_URL has 2 of the 3 servers',
    });
    const weak = page('C', { sync_interval: 120e9 });
    const mixed = await servePages(page('A'), weak, page('B'));
    expect(await proveDurability(connectedTo('B'), [mixed, mixed, mixed])).toEqual({
      sync: 'interval',
      intervalMs: 120_000,
    });
  });

  it('is refused when any server of a cluster is too old', async () => {
    const url = await servePages(page('A'), page('B', {}, '2.10.27'), page('C'));
    await expect(proveDurability(connectedTo('A'), [url, url, url])).rejects.toThrow(
      'nats-server 2.10.27 is too old for a cluster',
    );
  });
});
