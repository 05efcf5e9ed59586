import type { SourceName, SyncKind } from '@paceline/shared/definition';
import { tables } from '@paceline/shared/database';
import type { HarnessService } from '@paceline/shared/sync/testing';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openEventSyncHarness, type EventSyncHarness } from './testing/harness.ts';

const { events, sources, syncLogs, syncRuns } = tables;
const hour = 3_600_000;
const unavailable = 'ZwiftRacing signups are not available';

let harness: EventSyncHarness;
let service: HarnessService;
let key: string;

beforeAll(async () => {
  harness = await openEventSyncHarness({ scale: 600 });
});

beforeEach(async () => {
  key = harness.newKey();
  await harness.db.delete(syncRuns);
  await harness.db.delete(syncLogs);
  await harness.db.delete(events);
});

afterEach(async () => {
  await service.stop();
  harness.sandbox.controls.clearFaults();
});

afterAll(() => harness?.close());

const start = async (env: Record<string, string> = {}) => {
  service = await harness.start({ ZWIFTRACING_API_KEY: key, ...env });
};
const runSlot = async (kind: SyncKind) => {
  const { slotId } = await harness.tick(kind, 8 * hour);
  return harness.until(async () => {
    const [run] = await harness.db.select().from(syncRuns).where(eq(syncRuns.slotId, slotId));
    if (!run || run.state === 'running') throw new Error(`the run of ${slotId} has not ended`);
    return run;
  });
};
const calls = async () => (await harness.db.select().from(syncLogs)).length;
const sourceOf = async (source: SourceName) => {
  const [row] = await harness.db.select().from(sources).where(eq(sources.source, source));
  return row;
};
/** Sets when a source is probed next, project ms from now. */
const retryIn = async (source: SourceName, ms: number) => {
  const probeAt = Math.round(harness.clock.now()) + ms;
  await harness.db.update(sources).set({ probeAt }).where(eq(sources.source, source));
};

describe('signups that this key cannot use', () => {
  it('cost a few calls, then none until the next probe, then one per slot until they are available again', async () => {
    await harness.list(await harness.upstreamEvents(6), 20 * hour);
    harness.sandbox.controls.injectFault({ kind: 'host-gone', budget: 'signups', times: 7 });
    await start();
    expect(await runSlot('far')).toMatchObject({
      state: 'failed',
      counts: { synced: 0, failed: 2, deferred: 4 },
    });
    expect(await calls()).toBe(6);
    expect(await sourceOf('signups')).toMatchObject({
      state: 'unavailable',
      status: 404,
      rawStart: expect.stringContaining('<!DOCTYPE html>'),
      advice: expect.not.stringContaining('API_KEY'),
    });

    await retryIn('signups', 50 * hour);
    const waits = { state: 'failed', error: expect.stringMatching(`${unavailable}.*next probe at`) };
    expect(await runSlot('far')).toMatchObject({ ...waits, counts: { failed: 0, deferred: 6 } });
    expect(await calls()).toBe(6);

    await retryIn('signups', 0);
    expect(await runSlot('far')).toMatchObject({ state: 'failed', counts: { failed: 1, deferred: 5 } });
    expect(await calls()).toBe(7);
    expect(await sourceOf('signups')).toMatchObject({ probes: 0 });

    await retryIn('signups', 0);
    expect(await runSlot('far')).toMatchObject({ state: 'done', error: null, counts: { synced: 6 } });
    expect(await sourceOf('signups')).toMatchObject({ state: 'available', message: null });
  });

  it('are fetched immediately after the path was corrected', async () => {
    await harness.list(await harness.upstreamEvents(4), 20 * hour);
    await start({ ZWIFTRACING_SIGNUPS_PATH: '/public/nothing/:id' });
    await runSlot('far');
    expect(await sourceOf('signups')).toMatchObject({
      state: 'unavailable',
      refusals: 3,
      advice: 'Check ZWIFTRACING_SIGNUPS_PATH.',
    });
    await service.stop();
    await start();
    expect(await runSlot('far')).toMatchObject({ state: 'done', counts: { synced: 4 } });
  });
});

describe('an event list that this key cannot use', () => {
  it('is requested once, not in every slot', async () => {
    key = 'wrong';
    await start();
    for (const kind of ['far', 'near', 'far'] as const) {
      expect(await runSlot(kind)).toMatchObject({
        state: 'failed',
        error: expect.stringContaining('ZwiftRacing events are not available'),
      });
      await retryIn('events', 50 * hour);
    }
    expect(await calls()).toBe(1);
    expect(await sourceOf('events')).toMatchObject({
      status: 401,
      advice: expect.stringContaining('API_KEY'),
    });
  });
});

describe('a host that answers 404 to everything', () => {
  it('is reported differently from a single missing source', async () => {
    await start({ ZWIFTRACING_BASE_URL: `${harness.sandbox.url}/old` });
    await runSlot('far');
    await harness.list(await harness.upstreamEvents(4), 20 * hour);
    await runSlot('far');
    expect(await sourceOf('signups')).toMatchObject({
      state: 'unavailable',
      advice: expect.stringMatching(/404 to every request.*ZWIFTRACING_BASE_URL/),
    });
  });
});
