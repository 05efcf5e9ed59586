import { tables } from '@paceline/shared/database';
import type { HarnessService } from '@paceline/shared/sync/testing';
import { asc, eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWorld, type World } from './testing/world.ts';

const { syncRuns, syncLogs, riders, riderHistory, clubs, clubMemberships } = tables;
const hour = 3_600_000;
/** The clubs of the sandbox and how many riders they have. */
const [racing, development, worldwide] = [20650, 20651, 20652];

let world: World;
let service: HarnessService;
let key: string;

beforeAll(async () => {
  world = await createWorld({ scale: 2_400 });
});

beforeEach(async () => {
  key = world.newKey();
  await world.db.delete(syncRuns);
  await world.db.delete(syncLogs);
  await world.db.delete(clubMemberships);
  await world.db.delete(clubs);
  await world.db.delete(riders);
});

afterEach(async () => {
  await service.stop();
  world.sandbox.controls.clearFaults();
});

afterAll(() => world?.close());

const startWith = async (...clubIds: number[]) => {
  service = await world.start({ ZWIFTRACING_API_KEY: key, ZWIFTRACING_CLUB_IDS: clubIds.join(',') });
};

/** Less than the window: only one call fits in. */
const shortSlot = 0.9 * hour;
const longSlot = 8 * hour;

const runOf = async (slotId: string) => {
  const [run] = await world.db.select().from(syncRuns).where(eq(syncRuns.slotId, slotId));
  return run;
};

/** Opens a slot and waits for the end of its run. */
async function runSlot(slotMs: number) {
  const { slotId } = await world.tick('rider', slotMs);
  return world.until(async () => {
    const run = await runOf(slotId);
    if (!run || run.state === 'running') throw new Error(`the run of ${slotId} has not ended`);
    return run;
  });
}

/** Waits until the window of the last call has moved on. */
const nextWindow = () => world.pass(1.1 * hour);

const calls = () =>
  world.db
    .select({ target: syncLogs.target, status: syncLogs.status, message: syncLogs.message })
    .from(syncLogs)
    .orderBy(asc(syncLogs.id));
const members = (clubId: number) =>
  world.db.select().from(clubMemberships).where(eq(clubMemberships.clubId, clubId));
const arrivals = () => world.sandbox.audit().filter(({ budget }) => budget === 'clubs');

describe('a slot of the rider sync', () => {
  it('brings a whole club: riders, history, memberships, and one row for the call', async () => {
    await startWith(racing);
    const run = await runSlot(longSlot);
    expect(run).toMatchObject({
      state: 'done',
      error: null,
      checkpoint: null,
      counts: { planned: 1, synced: 1, failed: 0, deferred: 0, stored: 120 },
    });
    const stored = await world.db.select().from(riders);
    expect(stored).toHaveLength(120);
    expect(stored.every(({ clubId, raw }) => clubId === racing && typeof raw === 'object')).toBe(true);
    expect(await world.db.select().from(riderHistory)).toHaveLength(120);
    expect(await members(racing)).toHaveLength(120);
    expect(await world.db.select().from(clubs)).toMatchObject([{ clubId: racing, name: 'Paceline Racing' }]);
    expect(await calls()).toEqual([{ target: '20650', status: 200, message: '120 riders' }]);
    const [log] = await world.db.select().from(syncLogs);
    expect(log).toMatchObject({ runId: run.runId, commandId: null, endpoint: 'clubs', rawStart: null });
    // The answer of a club takes over a minute.
    expect(log?.durationMs).toBeGreaterThan(60_000);
  });

  it('knows afterwards which riders are no longer members', async () => {
    await startWith(development);
    const gone = { clubId: development, riderId: 1, firstSeenAt: 1_000, lastSeenAt: 2_000 };
    await world.db.insert(clubMemberships).values(gone);
    await runSlot(longSlot);
    const left = (await members(development)).filter(({ current }) => !current);
    expect(left).toEqual([{ ...gone, current: false }]);
  });

  it('that is only observed calls nothing: it counts the clubs, and those that its slot has no room for', async () => {
    await startWith(racing, development, worldwide);
    const { slotId } = await world.tick('rider', longSlot, 'observed');
    const run = await world.until(async () => {
      const known = await runOf(slotId);
      expect(known?.state).toBe('done');
      return known;
    });
    expect(run).toMatchObject({ mode: 'observed', counts: { planned: 3, synced: 0, deferred: 0 } });
    expect(await calls()).toEqual([]);
  });

  it('whose tick comes again is not run again', async () => {
    await startWith(racing);
    const { slotId } = await runSlot(longSlot);
    const before = arrivals().length;
    const now = Math.round(world.clock.now());
    await world.publish({ slotId, kind: 'rider', scheduledFor: now, endsAt: now + longSlot, mode: 'on' });
    await runSlot(longSlot);
    expect(arrivals()).toHaveLength(before + 1);
    expect(await world.db.select().from(syncRuns)).toHaveLength(2);
  });

  it('that is too short for all clubs defers the rest, and the next one begins with it', async () => {
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

  it('that ends within a club of several pages is gone on with by the next', async () => {
    await startWith(worldwide);
    const first = await runSlot(shortSlot);
    expect(first).toMatchObject({ state: 'done', counts: { planned: 1, synced: 0, deferred: 1 } });
    expect(await members(worldwide)).toHaveLength(1_000);
    expect(await world.db.select().from(clubs)).toEqual([]);

    await nextWindow();
    await runSlot(shortSlot);
    const all = await members(worldwide);
    expect(all).toHaveLength(1_300);
    expect(all.every(({ current }) => current)).toBe(true);
    expect(await world.db.select().from(clubs)).toHaveLength(1);
    const [, page] = await calls();
    expect(page).toMatchObject({
      target: expect.stringContaining('20652 from rider'),
      message: '300 riders',
    });
  });
});

describe('upstream in trouble', () => {
  it.each(['server-error', 'reset', 'html'] as const)(
    'by %s is called again, with a permit of its own',
    async (kind) => {
      await startWith(racing);
      world.sandbox.controls.injectFault({ kind, budget: 'clubs' });
      expect(await runSlot(longSlot)).toMatchObject({ state: 'done', counts: { synced: 1, failed: 0 } });
      const [bad, good] = await calls();
      expect(bad?.message).not.toContain('riders');
      expect(good).toMatchObject({ status: 200, message: '120 riders' });
      expect(arrivals().every(({ verdict }) => verdict === 'accepted')).toBe(true);
    },
  );

  it('with one rider who can not be read: the others are stored, and the log says how that one began', async () => {
    await startWith(racing);
    world.sandbox.controls.injectFault({ kind: 'wrong-types', budget: 'clubs' });
    expect(await runSlot(longSlot)).toMatchObject({ state: 'done', error: null, counts: { stored: 119 } });
    const [log] = await world.db.select().from(syncLogs);
    expect(log).toMatchObject({
      message: expect.stringContaining('119 riders, 1 unreadable'),
      rawStart: expect.stringMatching(/^{"riderId":{}/),
    });
  });

  it('for the whole slot makes the run fail, with the reason and nothing dropped', async () => {
    await startWith(racing, development);
    world.sandbox.controls.injectFault({ kind: 'server-error', budget: 'clubs', times: 9, status: 502 });
    const run = await runSlot(shortSlot);
    expect(run).toMatchObject({
      state: 'failed',
      error: 'club 20650: ZwiftRacing answered 502: server error',
      counts: { planned: 2, synced: 0, failed: 1, deferred: 1 },
    });
    world.sandbox.controls.clearFaults();
    await nextWindow();
    await runSlot(shortSlot);
    expect((await calls()).at(-1)).toMatchObject({ target: '20651', status: 200 });
  });

  it('because another client uses the key: once more when it is time, in a raised lane', async () => {
    await startWith(racing);
    const url = `${world.sandbox.url}/public/clubs/${racing}`;
    await world.during(fetch(url, { headers: { Authorization: key } }));
    expect(await runSlot(longSlot)).toMatchObject({ state: 'done', counts: { synced: 1, failed: 0 } });
    expect((await calls()).map(({ status }) => status)).toEqual([429, 200]);
  });

  it('with a club that it does not know: that one fails, the others go on', async () => {
    await startWith(99, racing);
    expect(await runSlot(longSlot)).toMatchObject({
      state: 'done',
      error: 'club 99: ZwiftRacing answered 404: not found',
      counts: { planned: 2, synced: 1, failed: 1, deferred: 0 },
      checkpoint: null,
    });
  });

  it('that does not accept the key: the run fails at once', async () => {
    key = 'wrong';
    await startWith(racing, development);
    const run = await runSlot(longSlot);
    expect(run).toMatchObject({ state: 'failed', counts: { failed: 1, deferred: 1 } });
    expect(run.error).toContain('API key rejected');
    expect(JSON.stringify(run)).not.toContain('wrong');
  });
});

describe('the end of a process', () => {
  it('gives its slot back at once, and the next process goes on with it', async () => {
    await startWith(racing, development);
    const { slotId } = await world.tick('rider', longSlot);
    await world.until(async () => expect((await runOf(slotId))?.counts).toMatchObject({ synced: 1 }));
    await service.stop();
    expect(await runOf(slotId)).toMatchObject({ state: 'running' });
    await startWith(racing, development);
    await world.until(async () => expect(await runOf(slotId)).toMatchObject({ state: 'done' }));
    expect(await runOf(slotId)).toMatchObject({ counts: { planned: 2, synced: 2 } });
    expect((await calls()).map(({ target }) => target)).toEqual(['20650', '20651']);
  });
});
