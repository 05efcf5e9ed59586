import { tables } from '@paceline/shared/database';
import type { HarnessService } from '@paceline/shared/sync/testing';
import { asc, eq, isNull } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openEventSyncHarness, type EventSyncHarness } from './testing/harness.ts';

const { events, syncRuns, syncLogs } = tables;
const minute = 60_000;
const hour = 60 * minute;
const urgent = 15 * minute;

let harness: EventSyncHarness;
let service: HarnessService;

beforeAll(async () => {
  harness = await openEventSyncHarness({ scale: 120 });
});

beforeEach(async () => {
  await harness.db.delete(syncRuns);
  await harness.db.delete(syncLogs);
  await harness.db.delete(events);
  service = await harness.start({ ZWIFTRACING_API_KEY: harness.newKey() });
});

afterEach(() => service.stop());

afterAll(() => harness?.close());

const startsOf = async (eventId: string) =>
  (await harness.db.select().from(events).where(eq(events.eventId, eventId)))[0]?.startsAt ?? 0;
/** Calls outside of runs. */
const calls = () =>
  harness.db.select().from(syncLogs).where(isNull(syncLogs.runId)).orderBy(asc(syncLogs.id));
/** Gives the watch time to search a few times. */
const letWatchRun = () => harness.pass(3 * minute);

describe('an event that is about to start', () => {
  it('is refreshed once, when its last minutes start, without a slot or a new event list', async () => {
    const [soon = '', sooner = '', started = ''] = await harness.upstreamEvents(3);
    const from = harness.lastSeq();
    await harness.list([started], -1);
    await harness.list([soon], urgent + 3 * minute);
    await harness.list([sooner], urgent - minute);
    await harness.until(async () =>
      expect((await calls()).map(({ target }) => target)).toEqual([sooner, soon]),
    );
    const lead = (await startsOf(soon)) - ((await calls()).at(-1)?.startedAt ?? 0);
    // Calls are planned a minute apart.
    expect(lead).toBeLessThanOrEqual(urgent);
    expect(lead).toBeGreaterThan(urgent - 1.1 * minute);
    await letWatchRun();
    expect(harness.requested(from)).toEqual([sooner, soon]);
    expect(harness.sandbox.audit().filter(({ seq, budget }) => seq > from && budget === 'events')).toEqual(
      [],
    );
  });

  it('gets its call before runs that wait for the same budget', async () => {
    const [first = '', ...far] = await harness.upstreamEvents(13);
    await harness.list(far, 20 * hour);
    const from = harness.lastSeq();
    const slow = await harness.tick('far', 4 * hour);
    await harness.until(() => expect(harness.requested(from).length).toBeGreaterThan(0));
    await harness.list([first], urgent);
    await harness.until(() => expect(harness.requested(from)).toContain(first));
    expect(harness.requested(from)).toEqual([far.at(-1), first]);
    const [run] = await harness.db.select().from(syncRuns).where(eq(syncRuns.slotId, slow.slotId));
    expect(run).toMatchObject({ state: 'running' });
    await harness.until(async () => {
      const [ended] = await harness.db.select().from(syncRuns).where(eq(syncRuns.slotId, slow.slotId));
      expect(ended).toMatchObject({ state: 'done' });
    });
  });

  it('that upstream does not know is requested only once', async () => {
    await harness.list(['7'], urgent - minute);
    await harness.until(async () => expect((await calls()).map(({ status }) => status)).toEqual([404]));
    await letWatchRun();
    expect(await calls()).toHaveLength(1);
  });

  it('that upstream does not know keeps no run from its calls', async () => {
    const far = await harness.upstreamEvents(3);
    await harness.list(['7'], urgent - minute);
    await harness.list(far, 20 * hour);
    const { slotId } = await harness.tick('far', 10 * minute);
    await harness.until(async () => {
      const [run] = await harness.db.select().from(syncRuns).where(eq(syncRuns.slotId, slotId));
      expect(run).toMatchObject({ state: 'partly_failed', counts: { synced: 3, failed: 1, deferred: 0 } });
    });
  });
});
