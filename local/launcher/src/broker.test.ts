import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@paceline/embedded';
import { connect, proveDurability } from '@paceline/shared/messaging';
import { describe, expect, it } from 'vitest';
import { startBroker } from './broker.ts';
import { readSettings } from './settings.ts';
import { openState } from './state.ts';

/** What a broker of `npm start` with these settings says about its durability. */
async function durabilityWith(env: NodeJS.ProcessEnv) {
  const { PACELINE_BROKERS: count, NATS_SYNC_INTERVAL: syncInterval } = readSettings(env);
  await using cleanups = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'paceline-broker-'));
  cleanups.defer(() => rm(folder, { recursive: true, force: true }));
  const settings = { count, syncInterval };
  const broker = await startBroker(
    await openState(folder),
    { report: () => undefined },
    () => freePort(),
    settings,
  );
  for (const server of broker.servers) cleanups.defer(() => server.stop());
  const connection = await connect(broker.adminUrl, 'provision');
  cleanups.defer(() => connection.close());
  return await proveDurability(connection, broker.monitorUrls);
}

describe('the broker of npm start', () => {
  it('syncs each message to disk before it acknowledges it', async () => {
    expect(await durabilityWith({})).toEqual({ sync: 'always' });
  });

  it('syncs at the interval in NATS_SYNC_INTERVAL', async () => {
    const relaxed = { sync: 'interval', intervalMs: 90_000 };
    expect(await durabilityWith({ NATS_SYNC_INTERVAL: '90s' })).toEqual(relaxed);
  });

  it.each(['never', '0s', '2', '-1m', 'always '])('does not start with the interval "%s"', (text) => {
    expect(() => readSettings({ NATS_SYNC_INTERVAL: text })).toThrow('NATS_SYNC_INTERVAL must be always, or');
  });
});
