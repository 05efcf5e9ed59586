import type { Lane, SyncKind } from '@paceline/shared/definition';
import { catalog } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { accountOf } from '@paceline/shared/limiter';
import { subscribe } from '@paceline/shared/messaging';
import type { HarnessService } from '@paceline/shared/sync/testing';
import { asc, eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openEventSyncHarness, type EventSyncHarness } from './testing/harness.ts';

const { events, syncLogs, syncRuns } = tables;
const minute = 60_000;
const hour = 60 * minute;

let harness: EventSyncHarness;
let service: HarnessService;
let key: string;
/** Every started permit. */
const started: Array<{ account: string; permit: string; lane: string }> = [];

beforeAll(async () => {
  harness = await openEventSyncHarness({ scale: 600 });
  subscribe(harness.bus, catalog.permitsChanged, {}, ({ changes }) => {
    for (const change of changes) if (change.change === 'started') started.push(change);
  });
});

beforeEach(async () => {
  key = harness.newKey();
  await harness.db.delete(syncRuns);
  await harness.db.delete(syncLogs);
  await harness.db.delete(events);
  service = await harness.start({ ZWIFTRACING_API_KEY: key });
});

afterEach(async () => {
  await service.stop();
  harness.sandbox.controls.clearFaults();
  harness.sandbox.controls.changePolicies({ signups: null, results: null });
  harness.sandbox.controls.speak({ retryAfter: 'body' });
});

afterAll(() => harness?.close());

const runSlot = async (kind: SyncKind, slotMs = 8 * hour) => {
  const { slotId } = await harness.tick(kind, slotMs);
  return harness.until(async () => {
    const [run] = await harness.db.select().from(syncRuns).where(eq(syncRuns.slotId, slotId));
    if (!run || run.state === 'running') throw new Error(`the run of ${slotId} has not ended`);
    return run;
  });
};
const statuses = async () => {
  const calls = await harness.db.select().from(syncLogs).orderBy(asc(syncLogs.id));
  return calls.map(({ status }) => status);
};
/** Expects calls in these lanes, in order, each with a permit of its own. */
const expectLanes = (lanes: Lane[]) =>
  harness.until(() => {
    const permits = started.filter(({ account }) => account === accountOf(key));
    expect(permits.map(({ lane }) => lane)).toEqual(lanes);
    expect(new Set(permits.map(({ permit }) => permit)).size).toBe(lanes.length);
  });

describe('a call that fails with a transient error', () => {
  it.each(['signups', 'results'] as const)(
    '(%s) is retried in the same lane, each time with a permit of its own',
    async (budget) => {
      const isSignups = budget === 'signups';
      await harness.list(await harness.upstreamEvents(1), isSignups ? 20 * hour : -20 * hour);
      harness.sandbox.controls.injectFault({ kind: 'server-error', budget, times: 2 });
      expect(await runSlot(isSignups ? 'far' : 'results')).toMatchObject({ state: 'done', error: null });
      expect(await statuses()).toEqual([503, 503, 200]);
      await expectLanes(['far_event_sync', 'far_event_sync', 'far_event_sync']);
    },
  );
});

describe('a call that is answered with 503', () => {
  it('is not made again before the time that the answer names', async () => {
    await harness.list(await harness.upstreamEvents(1), 20 * hour);
    const fault = { kind: 'server-error', budget: 'signups', retryAfter: 10 * 60 } as const;
    harness.sandbox.controls.injectFault(fault);
    expect(await runSlot('far')).toMatchObject({ state: 'done', error: null });
    const calls = await harness.db.select().from(syncLogs).orderBy(asc(syncLogs.id));
    expect(calls.map(({ status }) => status)).toEqual([503, 200]);
    const [first, next] = calls.map(({ startedAt }) => startedAt);
    expect((next ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(10 * minute);
  });
});

describe('a call that is answered with 429', () => {
  const url = () => `${harness.sandbox.url}/public/event_signups/1`;
  const callElsewhere = () => harness.during(fetch(url(), { headers: { Authorization: key } }));

  it.each(['unix-time', 'date', 'milliseconds', 'seconds-twice'] as const)(
    'that names its time as %s is retried then, and accepted',
    async (retryAfter) => {
      harness.sandbox.controls.speak({ retryAfter });
      await harness.list(await harness.upstreamEvents(1), 20 * hour);
      harness.sandbox.controls.changePolicies({ signups: { limit: 1, windowMs: 20 * minute } });
      await callElsewhere();
      expect(await runSlot('far')).toMatchObject({ state: 'done', error: null, counts: { synced: 1 } });
      expect(await statuses()).toEqual([429, 200]);
    },
  );

  it('is retried once the window is free, one lane higher', async () => {
    await harness.list(await harness.upstreamEvents(1), 20 * hour);
    harness.sandbox.controls.changePolicies({ signups: { limit: 1, windowMs: 20 * minute } });
    await callElsewhere();
    expect(await runSlot('far')).toMatchObject({ state: 'done', error: null, counts: { synced: 1 } });
    expect(await statuses()).toEqual([429, 200]);
    await expectLanes(['far_event_sync', 'rider_sync']);
  });

  it('of a near run is retried in its own lane, as only forced lanes are higher', async () => {
    await harness.list(await harness.upstreamEvents(1), 59 * minute);
    harness.sandbox.controls.changePolicies({ signups: { limit: 1, windowMs: 10 * minute } });
    await callElsewhere();
    expect(await runSlot('near', 20 * minute)).toMatchObject({ state: 'done', counts: { synced: 1 } });
    expect(await statuses()).toEqual([429, 200]);
    await expectLanes(['near_event_normal', 'near_event_normal']);
  });

  it('is retried only once: the run then ends and defers the rest', async () => {
    await harness.list(await harness.upstreamEvents(3), 20 * hour);
    harness.sandbox.controls.changePolicies({ signups: { limit: 1, windowMs: 20 * minute } });
    await callElsewhere();
    const opensAt = (harness.sandbox.audit().at(-1)?.arrivedAt ?? 0) + 20 * minute;
    const running = runSlot('far');
    // Another user of the key takes the next window as soon as it opens.
    await harness.pass(opensAt - harness.clock.now());
    await callElsewhere();
    const run = await running;
    expect(run).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('429'),
      counts: { synced: 0, failed: 1, deferred: 2 },
    });
    expect(await statuses()).toEqual([429, 429]);
    await expectLanes(['far_event_sync', 'rider_sync']);
  });
});
