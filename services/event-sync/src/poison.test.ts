import type { SyncKind } from '@paceline/shared/definition';
import type { UpstreamFaultKind } from '@paceline/sandbox';
import { tables } from '@paceline/shared/database';
import type { HarnessService } from '@paceline/shared/sync/testing';
import { asc, eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openEventSyncHarness, type EventSyncHarness } from './testing/harness.ts';

const { events, results, signups, syncLogs, syncRuns } = tables;
const hour = 3_600_000;
/** Maximum number of calls per item. */

let harness: EventSyncHarness;
let service: HarnessService;

beforeAll(async () => {
  harness = await openEventSyncHarness({ scale: 1_200 });
});

beforeEach(async () => {
  await harness.db.delete(syncRuns);
  await harness.db.delete(syncLogs);
  await harness.db.delete(events);
  service = await harness.start({ ZWIFTRACING_API_KEY: harness.newKey() });
});

afterEach(async () => {
  await service.stop();
  harness.sandbox.controls.clearFaults();
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
const calls = (endpoint: string) =>
  harness.db.select().from(syncLogs).where(eq(syncLogs.endpoint, endpoint)).orderBy(asc(syncLogs.id));

/** Unreadable responses, how their text starts, how often the call is made, and the message. */
const poisons: ReadonlyArray<[UpstreamFaultKind, RegExp, number, string]> = [
  ['html', /^<!DOCTYPE html>/, 3, 'a web page instead of data'],
  ['truncated', /^[[{]/, 3, 'Invalid response'],
  ['null-body', /^null$/, 1, 'Invalid response'],
  ['not-found-message', /^{"message":/, 1, 'Invalid response'],
];

describe.each(poisons)('a response that is %s', (kind, start, attempts, message) => {
  const expectLogged = async (endpoint: string) => {
    const all = await calls(endpoint);
    const failedCalls = all.filter((call) => call.message.includes(message));
    expect(failedCalls).toHaveLength(attempts);
    for (const call of failedCalls)
      expect(call).toMatchObject({ status: 200, rawStart: expect.stringMatching(start) });
  };

  it('instead of signups fails one event', async () => {
    await harness.list(await harness.upstreamEvents(3), 20 * hour);
    harness.sandbox.controls.injectFault({ kind, budget: 'signups', times: attempts });
    expect(await runSlot('far')).toMatchObject({
      state: 'partly_failed',
      error: expect.stringContaining(message),
      counts: { synced: 2, failed: 1, deferred: 0 },
    });
    await expectLogged('signups');
    expect((await harness.db.select().from(signups)).length).toBeGreaterThan(0);
  });

  it('instead of the event list leaves the older copy in use', async () => {
    await harness.list(await harness.upstreamEvents(1), 20 * hour);
    await harness.db.update(events).set({ fetchedAt: Math.round(harness.clock.now()) - hour });
    harness.sandbox.controls.injectFault({ kind, budget: 'events', times: attempts });
    expect(await runSlot('far')).toMatchObject({
      state: 'partly_failed',
      error: expect.stringMatching(/^event list: /),
      counts: { planned: 1, synced: 1, failed: 0 },
    });
    await expectLogged('events');
  });

  it('instead of results counts as a failed try, but not a web page', async () => {
    await harness.list(await harness.upstreamEvents(2), -2 * hour);
    harness.sandbox.controls.injectFault({ kind, budget: 'results', times: attempts });
    expect(await runSlot('results')).toMatchObject({
      state: 'partly_failed',
      counts: { synced: 1, failed: 1 },
    });
    await expectLogged('results');
    const tried = await harness.db.select().from(events);
    const isPage = kind === 'html';
    expect(tried.filter(({ resultsTries }) => resultsTries > 0)).toHaveLength(isPage ? 1 : 2);
    const reason = isPage ? null : expect.stringContaining('Invalid response');
    expect(tried.map(({ resultsReason }) => resultsReason)).toContainEqual(reason);
  });
});

describe('a response with one unreadable item', () => {
  const expectSkipped = async (endpoint: string) => {
    const [call] = await calls(endpoint);
    expect(call).toMatchObject({
      status: 200,
      message: expect.stringMatching(/^\d+ \w+, 1 unreadable \(.*(name|Id)/),
      rawStart: expect.stringMatching(/^{".*":{}/),
      unreadable: [{ id: null, reason: expect.stringMatching(/name|Id/) }],
    });
    const slot = harness.runChanges.findLast(({ state }) => state === 'done');
    expect(slot).toMatchObject({ unreadable: { count: 1, ids: [] } });
  };

  it('stores the other events of the list', async () => {
    harness.sandbox.controls.injectFault({ kind: 'wrong-types', budget: 'events' });
    expect(await runSlot('far', 4 * 60_000)).toMatchObject({ state: 'done', error: null });
    await expectSkipped('events');
    expect((await harness.db.select().from(events)).length).toBeGreaterThan(500);
  });

  it('stores the other signups of the event', async () => {
    await harness.list(harness.ratedRaces(1), 20 * hour);
    harness.sandbox.controls.injectFault({ kind: 'wrong-types', budget: 'signups' });
    expect(await runSlot('far')).toMatchObject({ state: 'done', error: null, counts: { synced: 1 } });
    await expectSkipped('signups');
    expect((await harness.db.select().from(signups)).length).toBeGreaterThan(0);
  });

  it('stores the other results of the event', async () => {
    const [race] = harness.ratedRaces(1);
    await harness.list([race ?? ''], -8 * hour);
    harness.sandbox.controls.injectFault({ kind: 'wrong-types', budget: 'results' });
    expect(await runSlot('results')).toMatchObject({ state: 'done', error: null, counts: { synced: 1 } });
    await expectSkipped('results');
    expect((await harness.db.select().from(results)).length).toBeGreaterThan(0);
    const [event] = await harness.db.select().from(events);
    expect(event?.resultsReason).toContain('1 unreadable');
  });
});
