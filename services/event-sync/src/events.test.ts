import { tables } from '@paceline/shared/database';
import { catalog, type FreshnessMeasured } from '@paceline/shared/contracts';
import { subscribe, request } from '@paceline/shared/messaging';
import type { HarnessService } from '@paceline/shared/sync/testing';
import { asc, eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openEventSyncHarness, type EventSyncHarness } from './testing/harness.ts';

const { events, signups, syncRuns, syncLogs } = tables;
const minute = 60_000;
const hour = 60 * minute;
const longSlot = 8 * hour;

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

const runOf = async (slotId: string) => {
  const [run] = await harness.db.select().from(syncRuns).where(eq(syncRuns.slotId, slotId));
  return run;
};
const ended = (slotId: string) =>
  harness.until(async () => {
    const run = await runOf(slotId);
    if (!run || run.state === 'running') throw new Error(`the run of ${slotId} has not ended`);
    return run;
  });
const runSlot = async (kind: 'near' | 'far', slotMs: number) =>
  ended((await harness.tick(kind, slotMs)).slotId);

const calls = () =>
  harness.db
    .select({
      runId: syncLogs.runId,
      target: syncLogs.target,
      because: syncLogs.because,
      status: syncLogs.status,
      message: syncLogs.message,
    })
    .from(syncLogs)
    .orderBy(asc(syncLogs.id));

/** How long before the start of an event its first call was made. */
async function leadOfCall(eventId: string): Promise<number> {
  const [event] = await harness.db.select().from(events).where(eq(events.eventId, eventId));
  const [call] = await harness.db
    .select()
    .from(syncLogs)
    .where(eq(syncLogs.target, eventId))
    .orderBy(asc(syncLogs.id));
  return (event?.startsAt ?? 0) - (call?.startedAt ?? 0);
}

describe('a far slot', () => {
  it('fetches the event list and signups of events in the next two days, each once', async () => {
    await start();
    const from = harness.lastSeq();
    const run = await runSlot('far', 20 * minute);
    expect(run).toMatchObject({ state: 'done', error: null, checkpoint: null });
    const { planned, synced, failed, deferred } = run.counts;
    expect(planned).toBe(synced + failed + deferred);

    const all = await harness.db.select().from(events);
    expect(all.length).toBeGreaterThan(500);
    const leadOf = new Map(
      all.map(({ eventId, startsAt, signupsFetchedAt }) => [eventId, startsAt - (signupsFetchedAt ?? 0)]),
    );
    const [first, ...others] = await calls();
    // Urgent events use some of the slot's calls, but not all.
    expect(run.counts.synced).toBeGreaterThan(1);
    expect(first).toMatchObject({ target: 'upcoming', status: 200, message: `${all.length} events` });
    const ofRun = others.filter(({ runId }) => runId === run.runId).map(({ target }) => target);
    expect(new Set(ofRun).size).toBe(run.counts.synced);
    expect(harness.requested(from)).toEqual(expect.arrayContaining(ofRun));
    for (const eventId of ofRun) expect(leadOf.get(eventId)).toBeLessThanOrEqual(48 * hour);
    expect((await harness.db.select().from(signups)).length).toBeGreaterThan(0);
  });

  it('starts with the events that gain the most fresh time, and ends when none is left', async () => {
    await start();
    const ids = await harness.upstreamEvents(4);
    await harness.list(ids, 20 * hour);
    const from = harness.lastSeq();
    const run = await runSlot('far', longSlot);
    expect(run).toMatchObject({ state: 'done', counts: { planned: 4, synced: 4, failed: 0, deferred: 0 } });
    expect(harness.requested(from)).toEqual(ids.toReversed());
  });

  it('that has ended before its tick arrives is skipped', async () => {
    await start();
    await harness.list(await harness.upstreamEvents(1), 20 * hour);
    const { slotId } = await harness.tick('far', -1);
    expect(await runSlot('far', longSlot)).toMatchObject({ state: 'done' });
    expect(await runOf(slotId)).toBeUndefined();
  });

  it('does not fetch a list that is fresh', async () => {
    await start();
    await harness.list(await harness.upstreamEvents(1), 20 * hour);
    await runSlot('far', longSlot);
    expect((await calls()).map(({ target }) => target)).not.toContain('upcoming');
  });
});

describe('a near slot', () => {
  it('fetches no started events, and far events only with spare calls', async () => {
    await start();
    const [started, near, far] = await harness.upstreamEvents(3);
    await harness.list([started ?? ''], -1);
    await harness.list([near ?? ''], 55 * minute);
    await harness.list([far ?? ''], 20 * hour);
    const from = harness.lastSeq();
    expect(await runSlot('near', longSlot)).toMatchObject({
      state: 'done',
      counts: { failed: 0, deferred: 0 },
    });
    expect(new Set(harness.requested(from))).toEqual(new Set([near, far]));
    expect((await calls()).slice(0, 2).map(({ because }) => because)).toEqual([
      'never_fetched',
      'never_fetched',
    ]);
    expect(harness.requested(from).filter((eventId) => eventId === far)).toHaveLength(1);
  });

  it('waits for a call that is planned later in it, and goes on', async () => {
    await start();
    const [event = ''] = await harness.upstreamEvents(1);
    await harness.list([event], 80 * minute);
    const run = await runSlot('near', 20 * minute);
    expect(run).toMatchObject({ state: 'done', counts: { planned: 1, synced: 1, deferred: 0 } });
    const lead = await leadOfCall(event);
    // From here on one call covers all of the near class.
    expect(lead).toBeLessThanOrEqual(75 * minute);
    expect(lead).toBeGreaterThan(60 * minute);
  });

  it('is handed over at once by a process that stops while it waits', async () => {
    await start();
    const [event = ''] = await harness.upstreamEvents(1);
    await harness.list([event], 95 * minute);
    const { slotId } = await harness.tick('near', 40 * minute);
    await harness.until(async () => expect(await runOf(slotId)).toMatchObject({ state: 'running' }));
    await service.stop();
    expect(await runOf(slotId)).toMatchObject({ state: 'running', counts: { synced: 0 } });
    await start();
    expect(await ended(slotId)).toMatchObject({ state: 'done', counts: { synced: 1 } });
    expect(await leadOfCall(event)).toBeGreaterThan(60 * minute);
  });

  it('publishes the freshness at its end; a request returns the same and the next events', async () => {
    await start();
    const [near = '', far = ''] = await harness.upstreamEvents(2);
    await harness.list([near], 55 * minute);
    await harness.list([far, '7'], 20 * hour);
    const published: FreshnessMeasured[] = [];
    const subscription = subscribe(harness.bus, catalog.freshnessMeasured, {}, (message) =>
      published.push(message),
    );
    await runSlot('near', 30 * minute);
    await harness.until(() => expect(published).toHaveLength(1));
    subscription.unsubscribe();
    const counts = [
      { class: 'urgent', events: 0, within: 0 },
      { class: 'near', events: 1, within: 1 },
      { class: 'far', events: 2, within: 1 },
    ];
    expect(published[0]?.classes).toMatchObject(counts);
    const report = await request(harness.bus, catalog.freshness, {}, { next: 2 }, 5_000);
    expect(report.classes).toMatchObject(counts);
    // No slot is known, so that only the urgent call is planned.
    expect(report.next).toMatchObject([
      { eventId: near, class: 'urgent', plannedAt: expect.any(Number) },
      { eventId: '7', because: 'others_gain_more', plannedAt: null, withinGoal: false },
    ]);
  });

  it('gets its calls before a far run that waits for the same budget', async () => {
    await start();
    const ids = await harness.upstreamEvents(23);
    const near = ids.slice(0, 3);
    const far = ids.slice(3);
    await harness.list(far, 20 * hour);
    const from = harness.lastSeq();
    const slow = await harness.tick('far', longSlot);
    await harness.until(() => expect(harness.requested(from).length).toBeGreaterThan(0));
    await harness.list(near, 50 * minute);
    const before = harness.requested(from).length;
    const fast = await ended((await harness.tick('near', longSlot)).slotId);
    const order = harness.requested(from);
    expect(order.slice(before, before + near.length).toSorted()).toEqual(near.toSorted());
    expect(fast).toMatchObject({ state: 'done', counts: { failed: 0, deferred: 0 } });
    expect(await ended(slow.slotId)).toMatchObject({ state: 'done' });
    expect(new Set(harness.requested(from))).toEqual(new Set(ids));
    expect(harness.sandbox.audit().filter(({ verdict }) => verdict !== 'accepted')).toEqual([]);
  });
});

describe('a source that this key cannot use', () => {
  const reason = (source: string) => expect.stringContaining(`ZwiftRacing ${source} are not available`);

  it.each([
    ['a wrong path', { ZWIFTRACING_EVENTS_PATH: '/public/nothing' }],
    ['a wrong key', { ZWIFTRACING_API_KEY: 'wrong' }],
  ])('fails the run with the reason (%s)', async (_, env) => {
    await start(env);
    expect(await runSlot('far', longSlot)).toMatchObject({ state: 'failed', error: reason('events') });
    expect(await calls()).toHaveLength(1);
  });

  it('fails the run after three calls when it is signups', async () => {
    await start({ ZWIFTRACING_SIGNUPS_PATH: '/public/nothing/:id' });
    await harness.list(await harness.upstreamEvents(10), 20 * hour);
    expect(await runSlot('far', longSlot)).toMatchObject({
      state: 'failed',
      error: reason('signups'),
      counts: { planned: 10, synced: 0, failed: 3, deferred: 7 },
    });
  });
});

describe('an upstream failure', () => {
  it('for one event fails that event only', async () => {
    await start();
    const [first = '', second = ''] = await harness.upstreamEvents(2);
    await harness.list([first, '7', second], 20 * hour);
    expect(await runSlot('far', longSlot)).toMatchObject({
      state: 'partly_failed',
      error: 'event 7: ZwiftRacing answered 404: not found',
      counts: { planned: 3, synced: 2, failed: 1, deferred: 0 },
    });
  });

  it('that is transient is retried, each time with a permit of its own', async () => {
    await start();
    await harness.list(await harness.upstreamEvents(1), 20 * hour);
    harness.sandbox.controls.injectFault({ kind: 'server-error', budget: 'signups', times: 2 });
    expect(await runSlot('far', longSlot)).toMatchObject({ state: 'done', counts: { synced: 1, failed: 0 } });
    expect((await calls()).map(({ status }) => status)).toEqual([503, 503, 200]);
  });

  it('for every event fails the run after three events', async () => {
    await start();
    await harness.list(await harness.upstreamEvents(8), 20 * hour);
    harness.sandbox.controls.injectFault({ kind: 'server-error', budget: 'signups', times: 99 });
    expect(await runSlot('far', longSlot)).toMatchObject({
      state: 'failed',
      counts: { planned: 8, failed: 3, deferred: 5 },
    });
    expect(await calls()).toHaveLength(9);
  });

  it('for the event list leaves the older copy in use', async () => {
    await start();
    await harness.list(await harness.upstreamEvents(1), 20 * hour);
    await harness.db.update(events).set({ fetchedAt: Math.round(harness.clock.now()) - hour });
    harness.sandbox.controls.injectFault({ kind: 'server-error', budget: 'events', times: 3 });
    expect(await runSlot('far', longSlot)).toMatchObject({
      state: 'partly_failed',
      error: 'event list: ZwiftRacing answered 503: server error',
      counts: { planned: 1, synced: 1 },
    });
  });

  it('with 429 because of an undocumented limit is retried once the window is free', async () => {
    await start();
    await harness.list(await harness.upstreamEvents(2), 20 * hour);
    harness.sandbox.controls.changePolicies({ signups: { limit: 1, windowMs: 20 * minute } });
    expect(await runSlot('far', longSlot)).toMatchObject({ state: 'done', counts: { synced: 2, failed: 0 } });
    expect((await calls()).map(({ status }) => status)).toEqual([200, 429, 200]);
    harness.sandbox.controls.changePolicies({ signups: null });
  });
});

describe('a stopped process', () => {
  it('returns its slot, and the next process continues without fetching anything twice', async () => {
    await start();
    const ids = await harness.upstreamEvents(5);
    await harness.list(ids, 20 * hour);
    const from = harness.lastSeq();
    const { slotId } = await harness.tick('far', longSlot);
    await harness.until(async () => expect((await runOf(slotId))?.counts.synced).toBeGreaterThan(1));
    await service.stop();
    expect(await runOf(slotId)).toMatchObject({ state: 'running' });
    await start();
    expect(await ended(slotId)).toMatchObject({ state: 'done', counts: { planned: 5, synced: 5 } });
    expect(harness.requested(from).toSorted()).toEqual(ids.toSorted());
  });
});
