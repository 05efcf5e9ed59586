import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buckets, catalog, durableOf, sharedEventConsumer, streams } from '@paceline/shared/contracts';
import { freePort } from '@paceline/embedded';
import { connect, provision } from '@paceline/shared/messaging';
import { canRunCluster, eventually } from '@paceline/shared/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BrokerAccess, startBroker } from './broker.ts';
import { openState, type StateFolder } from './state.ts';

let folder: string;
let state: StateFolder;
let broker: BrokerAccess;
let connection: Awaited<ReturnType<typeof connect>>;

const start = (count: number) =>
  startBroker(state, { report: () => undefined }, () => freePort(), { count, syncInterval: 'always' });

const isSupported = await canRunCluster();

beforeAll(async () => {
  if (!isSupported) return;
  folder = await mkdtemp(join(tmpdir(), 'paceline-broker-'));
  state = await openState(folder);
  broker = await start(3);
  connection = await connect(broker.adminUrl, 'provision');
}, 60_000);
afterAll(async () => {
  await connection?.close();
  for (const server of broker?.servers ?? []) await server.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

interface Replicated {
  readonly name: string;
  readonly cluster?: { readonly replicas?: ReadonlyArray<{ readonly current: boolean }> };
  readonly consumer_detail?: readonly Replicated[];
}

/** The number of up-to-date copies of each stream and consumer, as reported by its leader. */
async function copies(): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const { monitorUrl } of broker.servers) {
    const page = await fetch(`${monitorUrl}/jsz?streams=1&consumers=1`);
    const { account_details: accounts } = (await page.json()) as {
      // Missing when the server holds no streams.
      account_details?: Array<{ stream_detail?: Replicated[] }>;
    };
    const held = (accounts ?? []).flatMap(({ stream_detail: details }) => details ?? []);
    for (const { name, cluster } of held.flatMap((each) => [each, ...(each.consumer_detail ?? [])])) {
      const count = 1 + (cluster?.replicas ?? []).filter(({ current }) => current).length;
      found.set(name, Math.max(found.get(name) ?? 0, count));
    }
  }
  return found;
}

const provisioned = [
  ...streams.map(({ name }) => name),
  ...buckets.map(({ name }) => `KV_${name}`),
  sharedEventConsumer.durable,
  durableOf(catalog.addRider),
];

describe.runIf(isSupported)('a broker with three servers', () => {
  it('keeps one copy of everything until it is provisioned for three', async () => {
    const expected = (count: number) => Object.fromEntries(provisioned.map((name) => [name, count]));
    for (const count of [1, 3]) {
      await provision(connection, count);
      await eventually(
        async () => expect(Object.fromEntries(await copies())).toMatchObject(expected(count)),
        { timeoutMs: 60_000 },
      );
    }
  }, 150_000);

  it('refuses to start as a single server, which could not read the stored state', async () => {
    await expect(start(1)).rejects.toThrow('the stored state belongs to PACELINE_BROKERS=3');
  });
});
