import { Kvm } from '@nats-io/kv';
import {
  catalog,
  type StoredSchedule,
  scheduleBucket,
  scheduleKey,
  type SlotSettings,
  type SyncMode,
} from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { kinds, mapValues } from '@paceline/shared/definition';
import { request } from '@paceline/shared/messaging';
import type { HarnessService } from '@paceline/shared/sync/testing';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEventSyncHarness, type EventSyncHarness } from './testing/harness.ts';

const { events, syncRuns } = tables;
const minute = 60_000;

let harness: EventSyncHarness;
let service: HarnessService;

beforeAll(async () => {
  harness = await openEventSyncHarness({ scale: 300 });
});
afterAll(async () => {
  await service?.stop();
  await harness?.close();
});

/** Stores a schedule like the scheduler. */
async function setMode(mode: SyncMode): Promise<void> {
  const slots: SlotSettings = { mode, opens: 'every 1h', durationMs: minute, skip: '', catchUp: 'skip' };
  const settings = { timeZone: 'UTC', kinds: mapValues(kinds, () => slots) };
  const stored: StoredSchedule = { periods: [{ since: 0, settings }], configured: settings, changed: false };
  const bucket = await new Kvm(harness.bus.js).open(scheduleBucket);
  await bucket.put(scheduleKey, JSON.stringify(stored));
}

describe('while the near sync is observed', () => {
  it('runs count their calls but make none, nor does the urgent watch, until it is on', async () => {
    const ids = await harness.upstreamEvents(4);
    const from = harness.lastSeq();
    await setMode('observed');
    await harness.list(ids.slice(0, 3), 45 * minute);
    service = await harness.start({ ZWIFTRACING_API_KEY: harness.newKey() });
    const { slotId } = await harness.tick('near', 2 * minute, 'observed');
    const run = await harness.until(async () => {
      const [row] = await harness.db.select().from(syncRuns).where(eq(syncRuns.slotId, slotId));
      if (row?.state !== 'done') throw new Error('the run has not ended');
      return row;
    });
    expect(run).toMatchObject({ mode: 'observed', counts: { synced: 0 } });
    // Its two minutes have room for two calls at most; time passes until its tick arrives.
    expect(run.counts.planned).toBeGreaterThanOrEqual(1);
    expect(run.counts.planned).toBeLessThanOrEqual(2);

    await harness.list(ids.slice(3), 14 * minute);
    await harness.pass(3 * minute);
    expect(harness.requested(from)).toEqual([]);

    await setMode('on');
    await harness.until(() => expect(harness.requested(from)).not.toEqual([]));
  });
});

describe('while the near sync is off', () => {
  it('no urgent call is planned outside of slots, and a far run makes its calls beside an urgent event', async () => {
    await setMode('off');
    await harness.db.delete(events);
    const ids = await harness.upstreamEvents(3);
    await harness.list(ids.slice(0, 1), 14 * minute);
    await harness.list(ids.slice(1), 20 * 60 * minute);
    const report = await request(harness.bus, catalog.freshness, {}, { next: 10 }, 5_000);
    expect(report.next.filter(({ plannedAt }) => plannedAt !== null)).toEqual([]);
    const from = harness.lastSeq();
    await harness.tick('far', 10 * minute);
    await harness.until(() => expect(harness.requested(from)).toEqual(expect.arrayContaining(ids.slice(1))));
  });
});
