import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SourceChanged } from '../contracts/index.ts';
import { catalog } from '../contracts/index.ts';
import { tables } from '../database/index.ts';
import { subscribe } from '../messaging/index.ts';
import { UpstreamError } from '../zwiftracing/index.ts';
import { Sources, SourceUnavailable } from './sources.ts';
import { openSyncHarness, type SyncHarness } from './testing/harness.ts';

const { sources } = tables;
const notFound = new UpstreamError('not_found', 'Upstream answered 404', { status: 404, rawStart: '{}' });
let harness: SyncHarness;
let replicas: Sources[];
const changes: SourceChanged[] = [];

beforeAll(async () => {
  harness = await openSyncHarness({ scale: 10 });
  subscribe(harness.bus, catalog.sourceChanged, {}, (change) => changes.push(change));
});

beforeEach(async () => {
  await harness.db.delete(sources);
  changes.length = 0;
  replicas = [replica(), replica()];
});

afterAll(() => harness?.close());

function replica(account = 'key-a', address = 'http://upstream'): Sources {
  const { db, bus, clock } = harness;
  const { signal } = new AbortController();
  return new Sources({ db, bus, clock, log: bus.log, signal, account, addressOf: () => address });
}
const rows = () => harness.db.select().from(sources);
const admit = (each: Sources | undefined) => each?.requireAvailable('events', 'far_event_sync');
const claim = (each: Sources | undefined) => each?.claimProbe('events', 'far_event_sync');
const probeIsDue = () => harness.db.update(sources).set({ probeAt: Math.round(harness.clock.now()) });

describe('an unavailable source', () => {
  it('rejects calls of all replicas until the next probe, and is announced once', async () => {
    const [one, other] = replicas;
    await expect(admit(one)).resolves.toBeUndefined();
    await Promise.all([one?.recordCall('events', notFound), other?.recordCall('events', notFound)]);
    expect(await rows()).toMatchObject([{ source: 'events', state: 'unavailable', refusals: 2 }]);
    for (const each of [one, other, replica()]) {
      await expect(admit(each)).rejects.toThrow(SourceUnavailable);
      await expect(claim(each)).rejects.toThrow(/ZwiftRacing events are not available.*404.*next probe at/);
    }
    await harness.until(() => expect(changes).toHaveLength(1));
    expect(changes).toMatchObject([
      { source: 'events', state: 'unavailable', status: 404, advice: 'Check ZWIFTRACING_EVENTS_PATH.' },
    ]);
    // Other sources stay available.
    await expect(one?.requireAvailable('signups', 'far_event_sync')).resolves.toBeUndefined();
  });

  it('is probed by one replica when due, and available to all after an answer', async () => {
    const [one, other] = replicas;
    await one?.recordCall('events', notFound);
    await probeIsDue();
    await Promise.all([admit(one), admit(other)]);
    const claims = await Promise.allSettled([claim(one), claim(other)]);
    expect(claims.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await one?.recordCall('events');
    await Promise.all([admit(one), claim(other)]);
    expect(await rows()).toMatchObject([{ state: 'available', refusals: 0, message: null }]);
    await harness.until(() =>
      expect(changes.map(({ state }) => state)).toEqual(['unavailable', 'available']),
    );
  });

  it('never blocks a manual add', async () => {
    const [one] = replicas;
    await one?.recordCall('riders_single', new UpstreamError('unauthorized', '401', { status: 401 }));
    await expect(one?.requireAvailable('riders_bulk', 'rider_sync')).rejects.toThrow(SourceUnavailable);
    await expect(one?.requireAvailable('riders_single', 'manual_rider_add')).resolves.toBeUndefined();
    await expect(one?.claimProbe('riders_single', 'manual_rider_add')).resolves.toBeUndefined();
  });

  it('counts as unknown with another key or address', async () => {
    await replicas[0]?.recordCall('events', notFound);
    for (const each of [replica('key-b'), replica('key-a', 'http://elsewhere')])
      await expect(admit(each)).resolves.toBeUndefined();
    await replica('key-b').recordCall('events');
    expect(await rows()).toMatchObject([{ account: 'key-b', state: 'available' }]);
  });
});

describe('an available source', () => {
  it('publishes nothing after an answer or an unrelated error', async () => {
    const [one] = replicas;
    await one?.recordCall('signups');
    await one?.recordCall('signups', new UpstreamError('unavailable', '503', { status: 503 }));
    await one?.recordCall('signups', new Error('something else'));
    expect(await rows()).toMatchObject([{ source: 'signups', state: 'available' }]);
    expect(changes).toEqual([]);
  });
});
