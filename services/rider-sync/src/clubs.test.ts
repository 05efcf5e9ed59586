import { tables } from '@paceline/shared/database';
import type { HarnessService } from '@paceline/shared/sync/testing';
import { asc, eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRiderSyncHarness, type RiderSyncHarness } from './testing/harness.ts';

const { doubts, syncRuns, syncLogs, riders, riderHistory, clubs, clubMemberships } = tables;
const hour = 3_600_000;
/** The clubs of the sandbox. */
const [racing, development, worldwide] = [20650, 20651, 20652];

let harness: RiderSyncHarness;
let service: HarnessService;
let key: string;

beforeAll(async () => {
  harness = await openRiderSyncHarness({ scale: 2_400 });
});

beforeEach(async () => {
  key = harness.newKey();
  await harness.db.delete(syncRuns);
  await harness.db.delete(syncLogs);
  await harness.db.delete(clubMemberships);
  await harness.db.delete(clubs);
  await harness.db.delete(doubts);
  await harness.db.delete(riders);
});

afterEach(async () => {
  await service.stop();
  harness.sandbox.controls.clearFaults();
});

afterAll(() => harness?.close());

const startWith = async (...clubIds: number[]) => {
  service = await harness.start({ ZWIFTRACING_API_KEY: key, ZWIFTRACING_CLUB_IDS: clubIds.join(',') });
};

/** Less than the window, so that only one call fits. */
const shortSlot = 0.9 * hour;
const longSlot = 8 * hour;

const runOf = async (slotId: string) => {
  const [run] = await harness.db.select().from(syncRuns).where(eq(syncRuns.slotId, slotId));
  return run;
};

/** Opens a slot and waits until its run ends. */
async function runSlot(slotMs: number) {
  const { slotId } = await harness.tick('rider', slotMs);
  return harness.until(async () => {
    const run = await runOf(slotId);
    if (!run || run.state === 'running') throw new Error(`the run of ${slotId} has not ended`);
    return run;
  });
}

/** Waits until the last call has left the window. */
const nextWindow = () => harness.pass(1.1 * hour);

const calls = () =>
  harness.db
    .select({ target: syncLogs.target, status: syncLogs.status, message: syncLogs.message })
    .from(syncLogs)
    .orderBy(asc(syncLogs.id));
const members = (clubId: number) =>
  harness.db.select().from(clubMemberships).where(eq(clubMemberships.clubId, clubId));
const arrivals = () => harness.sandbox.audit().filter(({ budget }) => budget === 'clubs');

describe('a rider slot', () => {
  it('stores a whole club: riders, history, memberships and a log row for the call', async () => {
    await startWith(racing);
    const run = await runSlot(longSlot);
    expect(run).toMatchObject({
      state: 'done',
      error: null,
      checkpoint: null,
      counts: { planned: 1, synced: 1, failed: 0, deferred: 0, stored: 120 },
    });
    const stored = await harness.db.select().from(riders);
    expect(stored).toHaveLength(120);
    expect(stored.every(({ clubId, raw }) => clubId === racing && typeof raw === 'object')).toBe(true);
    expect(await harness.db.select().from(riderHistory)).toHaveLength(120);
    expect(await members(racing)).toHaveLength(120);
    expect(await harness.db.select().from(clubs)).toMatchObject([
      { clubId: racing, name: 'Paceline Racing' },
    ]);
    expect(await calls()).toEqual([{ target: '20650', status: 200, message: '120 riders' }]);
    const [log] = await harness.db.select().from(syncLogs);
    expect(log).toMatchObject({ runId: run.runId, commandId: null, endpoint: 'clubs', rawStart: null });
    // A club call takes over a minute.
    expect(log?.durationMs).toBeGreaterThan(60_000);
  });

  it('marks riders that are no longer members', async () => {
    await startWith(development);
    const former = { clubId: development, riderId: 1, firstSeenAt: 1_000, lastSeenAt: 2_000 };
    await harness.db.insert(clubMemberships).values(former);
    await runSlot(longSlot);
    const left = (await members(development)).filter(({ current }) => !current);
    expect(left).toEqual([{ ...former, current: false }]);
  });

  it('in observed mode makes no calls and counts planned and deferred clubs', async () => {
    await startWith(racing, development, worldwide);
    const { slotId } = await harness.tick('rider', longSlot, 'observed');
    const run = await harness.until(async () => {
      const known = await runOf(slotId);
      expect(known?.state).toBe('done');
      return known;
    });
    expect(run).toMatchObject({ mode: 'observed', counts: { planned: 3, synced: 0, deferred: 0 } });
    expect(await calls()).toEqual([]);
  });

  it('does not run again when its tick is redelivered', async () => {
    await startWith(racing);
    const { slotId } = await runSlot(longSlot);
    const before = arrivals().length;
    const now = Math.round(harness.clock.now());
    await harness.publish({ slotId, kind: 'rider', scheduledFor: now, endsAt: now + longSlot, mode: 'on' });
    await runSlot(longSlot);
    expect(arrivals()).toHaveLength(before + 1);
    expect(await harness.db.select().from(syncRuns)).toHaveLength(2);
  });

  it('too short for all clubs defers the rest to the next slot, which starts with them', async () => {
    await startWith(racing, development);
    const first = await runSlot(shortSlot);
    expect(first).toMatchObject({ state: 'done', counts: { planned: 2, synced: 1, failed: 0, deferred: 1 } });
    await nextWindow();
    const second = await runSlot(shortSlot);
    expect(second).toMatchObject({ state: 'done', counts: { synced: 1, deferred: 1 } });
    await nextWindow();
    const third = await runSlot(shortSlot);
    expect(third).toMatchObject({ state: 'done', counts: { synced: 1, deferred: 1 } });
    expect((await calls()).map(({ target }) => target)).toEqual(['20650', '20651', '20650']);
  });

  it('that ends in the middle of a club is continued by the next one', async () => {
    await startWith(worldwide);
    const first = await runSlot(shortSlot);
    expect(first).toMatchObject({ state: 'done', counts: { planned: 1, synced: 0, deferred: 1 } });
    expect(await members(worldwide)).toHaveLength(1_000);
    expect(await harness.db.select().from(clubs)).toEqual([]);

    await nextWindow();
    await runSlot(shortSlot);
    const all = await members(worldwide);
    expect(all).toHaveLength(1_300);
    expect(all.every(({ current }) => current)).toBe(true);
    expect(await harness.db.select().from(clubs)).toHaveLength(1);
    const [, page] = await calls();
    expect(page).toMatchObject({
      target: expect.stringContaining('20652 from rider'),
      message: '300 riders',
    });
  });
});

describe('an upstream failure', () => {
  it.each(['server-error', 'reset', 'html'] as const)(
    '(%s) is retried with a permit of its own',
    async (kind) => {
      await startWith(racing);
      harness.sandbox.controls.injectFault({ kind, budget: 'clubs' });
      expect(await runSlot(longSlot)).toMatchObject({ state: 'done', counts: { synced: 1, failed: 0 } });
      const [bad, good] = await calls();
      expect(bad?.message).not.toContain('riders');
      expect(good).toMatchObject({ status: 200, message: '120 riders' });
      expect(arrivals().every(({ verdict }) => verdict === 'accepted')).toBe(true);
    },
  );

  it('that makes one rider unreadable leaves the others stored, and the log has the start of its raw text', async () => {
    await startWith(racing);
    harness.sandbox.controls.injectFault({ kind: 'wrong-types', budget: 'clubs' });
    expect(await runSlot(longSlot)).toMatchObject({ state: 'done', error: null, counts: { stored: 119 } });
    const [log] = await harness.db.select().from(syncLogs);
    expect(log).toMatchObject({
      message: expect.stringContaining('119 riders, 1 unreadable'),
      rawStart: expect.stringMatching(/^{"riderId":{}/),
    });
  });

  it('for the whole slot fails the run with the reason and drops nothing', async () => {
    await startWith(racing, development);
    harness.sandbox.controls.injectFault({ kind: 'server-error', budget: 'clubs', times: 9, status: 502 });
    const run = await runSlot(shortSlot);
    expect(run).toMatchObject({
      state: 'failed',
      error: 'club 20650: ZwiftRacing answered 502: server error',
      counts: { planned: 2, synced: 0, failed: 1, deferred: 1 },
    });
    harness.sandbox.controls.clearFaults();
    await nextWindow();
    await runSlot(shortSlot);
    expect((await calls()).at(-1)).toMatchObject({ target: '20651', status: 200 });
  });

  it('with 429 because of another client is retried once the window is free', async () => {
    await startWith(racing);
    const url = `${harness.sandbox.url}/public/clubs/${racing}`;
    await harness.during(fetch(url, { headers: { Authorization: key } }));
    expect(await runSlot(longSlot)).toMatchObject({ state: 'done', counts: { synced: 1, failed: 0 } });
    expect((await calls()).map(({ status }) => status)).toEqual([429, 200]);
  });

  it('for an unknown club fails that club only', async () => {
    await startWith(99, racing);
    expect(await runSlot(longSlot)).toMatchObject({
      state: 'partly_failed',
      error: 'club 99: ZwiftRacing answered 404: not found',
      counts: { planned: 2, synced: 1, failed: 1, deferred: 0 },
      checkpoint: null,
    });
  });

  it('because of a wrong key fails the run immediately', async () => {
    key = 'wrong';
    await startWith(racing, development);
    const run = await runSlot(longSlot);
    expect(run).toMatchObject({ state: 'failed', counts: { failed: 1, deferred: 1 } });
    expect(run.error).toContain('API key rejected');
    expect(JSON.stringify(run)).not.toContain('wrong');
  });
});

describe('a club with odd riders', () => {
  it('skips unreadable ones by name, stores nameless ones, and decodes names once', async () => {
    harness.sandbox.controls.setQuirks(['escaped-names', 'nameless-riders', 'unreadable-riders']);
    try {
      await startWith(racing);
      const { slotId, counts, state } = await runSlot(longSlot);
      expect(state).toBe('done');
      const [call] = await harness.db.select().from(syncLogs).where(eq(syncLogs.endpoint, 'clubs'));
      const skipped = (call?.unreadable ?? []).map(({ id }) => Number(id));
      expect(skipped.length).toBeGreaterThan(0);
      expect(skipped.every((id) => id % 13 === 0)).toBe(true);
      expect(counts.stored + skipped.length).toBe(120);
      const ended = harness.runChanges.findLast((run) => run.slotId === slotId);
      expect(ended?.unreadable).toEqual({ count: skipped.length, ids: skipped.slice(0, 20).map(String) });
      const stored = await harness.db.select().from(riders);
      const nameless = stored.filter(({ name }) => name === '');
      expect(nameless.length).toBeGreaterThan(0);
      expect(nameless.every(({ riderId, rating }) => riderId % 13 === 1 && rating === null)).toBe(true);
      expect(stored.filter(({ name }) => /&#?\w+;/.test(name))).toEqual([]);
      expect(stored.some(({ name }) => /['&"]/.test(name))).toBe(true);
    } finally {
      harness.sandbox.controls.setQuirks(['escaped-names']);
    }
  });
});

describe('a club whose response is empty', () => {
  it('keeps its members, reports it, and loses them when it stays so', async () => {
    await startWith(development);
    await runSlot(shortSlot);
    const all = await members(development);
    expect(all.length).toBeGreaterThan(0);
    const emptyRun = async () => {
      harness.sandbox.controls.injectFault({ kind: 'empty-list', budget: 'clubs' });
      await nextWindow();
      return runSlot(shortSlot);
    };
    expect(await emptyRun()).toMatchObject({
      counts: { synced: 0, failed: 1 },
      error: expect.stringContaining(`0 of ${all.length} stored members`),
    });
    expect((await members(development)).every(({ current }) => current)).toBe(true);
    expect(await emptyRun()).toMatchObject({ error: null, counts: { synced: 1, failed: 0 } });
    expect((await members(development)).some(({ current }) => current)).toBe(false);
  });
});

describe('a club whose response is JSON of another shape', () => {
  it.each(['null-body', 'data-null', 'not-found-message'] as const)(
    'takes one call per run (%s), and keeps its members',
    async (kind) => {
      await startWith(development);
      await runSlot(shortSlot);
      const before = arrivals().length;
      harness.sandbox.controls.injectFault({ kind, budget: 'clubs', times: 3 });
      await nextWindow();
      expect(await runSlot(longSlot)).toMatchObject({
        state: 'failed',
        error: 'club 20651: Invalid response from ZwiftRacing: no club 20651 in it',
      });
      expect(arrivals()).toHaveLength(before + 1);
      expect((await members(development)).every(({ current }) => current)).toBe(true);
    },
  );
});

describe('a stopped process', () => {
  it('returns its slot immediately, and the next process continues it', async () => {
    await startWith(racing, development);
    const { slotId } = await harness.tick('rider', longSlot);
    await harness.until(async () => expect((await runOf(slotId))?.counts).toMatchObject({ synced: 1 }));
    await service.stop();
    expect(await runOf(slotId)).toMatchObject({ state: 'running' });
    await startWith(racing, development);
    await harness.until(async () => expect(await runOf(slotId)).toMatchObject({ state: 'done' }));
    expect(await runOf(slotId)).toMatchObject({ counts: { planned: 2, synced: 2 } });
    expect((await calls()).map(({ target }) => target)).toEqual(['20650', '20651']);
  });
});
