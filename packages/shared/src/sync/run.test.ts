import type { Tick } from '../contracts/index.ts';
import { tables } from '../database/index.ts';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { failDeadLetteredRun, runSlot as runSlotOrPlan, type RunWork, saveProgress } from './run.ts';
import type { Sync } from './open.ts';
import { openSyncHarness, type SyncHarness } from './testing/harness.ts';

const { syncRuns } = tables;
let harness: SyncHarness;
let stopping: AbortController;
let sync: Sync;
let slots = 0;

beforeAll(async () => {
  harness = await openSyncHarness({ scale: 600 });
});

beforeEach(async () => {
  stopping = new AbortController();
  const { db, bus, clock } = harness;
  // These tests make no upstream calls.
  const limiter = { policyOf: async () => ({ limit: 1, windowMs: 60_000 }) };
  sync = { db, bus, clock, limiter, log: bus.log, signal: stopping.signal } as unknown as Sync;
  await harness.db.delete(syncRuns);
});

afterAll(() => harness?.close());

function slot(): Tick {
  slots += 1;
  const now = Math.round(harness.clock.now());
  return {
    slotId: `slot:rider:${slots}`,
    kind: 'rider',
    scheduledFor: now,
    endsAt: now + 600_000,
    mode: 'on',
  };
}

const counts = (synced: number) => ({ planned: 2, synced, failed: 0, deferred: 0, stored: 0 });
/** Five candidates for a budget of one call per minute. */
const plan = async () => ({ endpoint: 'signups' as const, candidates: 5 });
const runSlot = (of: Sync, tick: Tick, work: RunWork) => runSlotOrPlan(of, tick, work, plan);
const completes: RunWork = async () => ({ state: 'done', error: null, counts: counts(2), checkpoint: null });
const rows = () => harness.db.select().from(syncRuns);

describe('the run of a slot', () => {
  it('is stored and announced from start to end', async () => {
    const tick = slot();
    const settlement = await runSlot(sync, tick, async (run) => {
      expect(run).toMatchObject({ state: 'running', slotId: tick.slotId, checkpoint: null });
      await saveProgress(sync, run.runId, { counts: counts(1), checkpoint: { at: 1 } }, async () => {});
      return { state: 'done', error: null, counts: counts(2), checkpoint: null };
    });
    expect(settlement).toEqual({ settle: 'done' });
    expect(await rows()).toMatchObject([
      { state: 'done', counts: counts(2), checkpoint: null, error: null, finishedAt: expect.any(Number) },
    ]);
    await harness.until(() => {
      const published = harness.runChanges.filter(({ slotId }) => slotId === tick.slotId);
      expect(published.map(({ state, counts: { synced } }) => [state, synced])).toEqual([
        ['running', 0],
        ['running', 1],
        ['done', 2],
      ]);
    });
  });

  it.each([
    ['is done', 'done', null, 0],
    ['partly failed when a list failed and all items were synced', 'partly_failed', 'event list: 503', 0],
    ['partly failed when an item failed', 'partly_failed', 'event 7: 404', 1],
  ] as const)('%s', async (_, state, error, failed) => {
    const ending = { error, counts: { ...counts(2), failed }, checkpoint: null };
    await runSlot(sync, slot(), async () => ({ state: 'done', ...ending }));
    expect(await rows()).toMatchObject([{ state, ...ending }]);
  });

  it('is executed once, however often its tick is delivered', async () => {
    const tick = slot();
    let times = 0;
    const work: RunWork = (run) => {
      times += 1;
      return completes(run);
    };
    await runSlot(sync, tick, work);
    expect(await runSlot(sync, tick, work)).toEqual({ settle: 'done' });
    expect(times).toBe(1);
    expect(await rows()).toHaveLength(1);
  });

  it('is one run when two processes receive its tick at the same time', async () => {
    const tick = slot();
    await Promise.all([runSlot(sync, tick, completes), runSlot(sync, tick, completes)]);
    expect(await rows()).toHaveLength(1);
  });

  it('is returned on shutdown and resumed from its checkpoint', async () => {
    const tick = slot();
    const interrupted = await runSlot(sync, tick, async (run) => {
      await saveProgress(sync, run.runId, { counts: counts(1), checkpoint: { at: 1 } }, async () => {});
      stopping.abort(new Error('shutting down'));
      throw stopping.signal.reason;
    });
    expect(interrupted).toEqual({ settle: 'retry', afterMs: 0, reason: 'shutting down' });
    expect(await rows()).toMatchObject([{ state: 'running', counts: counts(1) }]);

    const next = { ...sync, signal: new AbortController().signal };
    await runSlot(next, tick, async (run) => {
      expect(run).toMatchObject({ counts: counts(1), checkpoint: { at: 1 } });
      return completes(run);
    });
    expect(await rows()).toMatchObject([{ state: 'done' }]);
  });

  it('fails with the reason and keeps its checkpoint when the work throws', async () => {
    await runSlot(sync, slot(), async (run) => {
      await saveProgress(sync, run.runId, { counts: counts(1), checkpoint: { at: 1 } }, async () => {});
      throw new Error('no idea what to do');
    });
    expect(await rows()).toMatchObject([
      { state: 'failed', error: 'no idea what to do', counts: counts(1), checkpoint: { at: 1 } },
    ]);
  });

  it('fails with the reason when its tick is dead-lettered, unless it has ended', async () => {
    const [deadLettered, ended] = [slot(), slot()];
    await runSlot(sync, ended, completes);
    for (const tick of [deadLettered, ended]) await failDeadLetteredRun(sync)(tick, 'attempt 21 of 20');
    expect(await rows()).toMatchObject([
      { slotId: ended.slotId, state: 'done' },
      { slotId: deadLettered.slotId, state: 'failed', error: 'Its tick was dead-lettered: attempt 21 of 20' },
    ]);
  });

  it('fails an hour after its slot when abandoned, unlike younger runs and other kinds', async () => {
    const hour = 3_600_000;
    const now = Math.round(harness.clock.now());
    const running = (slotId: string, ago: number, kind: Tick['kind'] = 'rider') => ({
      runId: slotId,
      slotId,
      kind,
      state: 'running' as const,
      counts: counts(0),
      scheduledFor: now - ago,
      startedAt: now - ago,
      slotEndsAt: now - ago,
    });
    const late = { ...running('late', 2 * hour), startedAt: now };
    await harness.db
      .insert(syncRuns)
      .values([running('lost', 2 * hour), running('young', hour / 2), running('far', 2 * hour, 'far'), late]);
    await runSlot(sync, slot(), completes);
    const states = Object.fromEntries((await rows()).map(({ runId, state }) => [runId, state]));
    expect(states).toMatchObject({ lost: 'failed', young: 'running', far: 'running', late: 'running' });
  });

  it('inherits the checkpoint of the last run of its kind, or null', async () => {
    const inherited: unknown[] = [];
    const endsWith =
      (checkpoint: unknown): RunWork =>
      async (run) => {
        inherited.push(run.checkpoint);
        return { state: 'done', error: null, checkpoint };
      };
    await runSlot(sync, slot(), endsWith({ at: 7 }));
    await runSlot(sync, { ...slot(), kind: 'far' }, endsWith({ at: 'far' }));
    await runSlot(sync, slot(), endsWith(null));
    await runSlot(sync, slot(), endsWith(null));
    expect(inherited).toEqual([null, null, { at: 7 }, null]);
  });

  it('plans and counts without doing the work when observed, and keeps the checkpoint', async () => {
    await runSlot(sync, slot(), async () => ({ state: 'done', error: null, checkpoint: { at: 7 } }));
    const now = Math.round(harness.clock.now());
    const observed: Tick = { ...slot(), endsAt: now + 240_000, mode: 'observed' };
    await runSlot(sync, observed, async () => expect.unreachable('an observed run must not do the work'));
    const [row] = await harness.db.select().from(syncRuns).where(eq(syncRuns.slotId, observed.slotId));
    expect(row).toMatchObject({ mode: 'observed', state: 'done', checkpoint: { at: 7 } });
    // Four calls fit into four minutes.
    expect(row?.counts).toMatchObject({ planned: 5, synced: 0, stored: 0, deferred: 1 });
    expect(harness.runChanges.at(-1)).toMatchObject({ mode: 'observed' });
  });

  it('has the requested id, and continues the run that it retries', async () => {
    const endsWith =
      (checkpoint: unknown): RunWork =>
      async () => ({ state: 'done', error: null, checkpoint });
    await runSlot(sync, { ...slot(), runId: 'first' }, endsWith({ at: 1 }));
    await runSlot(sync, slot(), endsWith({ at: 2 }));
    let run: unknown;
    const inspects: RunWork = async (row) => {
      run = row;
      return { state: 'done', error: null };
    };
    await runSlot(sync, { ...slot(), runId: 'retry', continues: 'first' }, inspects);
    expect(run).toMatchObject({ runId: 'retry', checkpoint: { at: 1 } });
  });

  it('is skipped once, without a run, when its slot is over and its policy is skip', async () => {
    const [missed, next] = [slot(), slot()];
    await harness.pass(601_000);
    const work: RunWork = async () => expect.unreachable('a skipped slot must not run');
    expect(await runSlot(sync, missed, work)).toEqual({ settle: 'done' });
    expect(await runSlot(sync, next, work)).toEqual({ settle: 'done' });
    expect(await rows()).toEqual([]);
  });

  it.each([
    ['for at most as long as the next slot is away', 700_000, 5_000_000, 1_300_000],
    ['until its latest end', 700_000, 900_000, 900_000],
  ])('starts after its slot is over when its policy allows, %s', async (_, startsAfter, until, endsAfter) => {
    const now = Math.round(harness.clock.now());
    const late = { until: now + until, maxMs: 600_000 };
    const tick = { ...slot(), scheduledFor: now, endsAt: now + 600_000, late };
    await harness.pass(startsAfter);
    await runSlot(sync, tick, completes);
    const [run] = await rows();
    expect(run).toMatchObject({ state: 'done', scheduledFor: now });
    // Time also passes while the test runs queries.
    expect(Math.abs((run?.slotEndsAt ?? 0) - now - endsAfter)).toBeLessThan(10_000);
    await harness.pass(until - startsAfter);
    await runSlot(sync, { ...tick, slotId: `${tick.slotId}-too-late` }, completes);
    expect(await rows()).toHaveLength(1);
  });

  it.each([
    ['continues after its slot when it got nothing done', 0, true],
    ['is not prolonged when it got something done', 1, false],
  ])('that is interrupted %s', async (_, synced, isProlonged) => {
    const tick: Tick = {
      ...slot(),
      late: { until: Math.round(harness.clock.now()) + 3_000_000, maxMs: 3_000_000 },
    };
    const stopped = { ...sync, signal: AbortSignal.abort(new Error('shutting down')) };
    await runSlot(stopped, tick, async (run) => {
      await saveProgress(sync, run.runId, { counts: counts(synced), checkpoint: null }, async () => {});
      throw new Error('shutting down');
    });
    await harness.pass(601_000);
    await runSlot(sync, tick, async (run) => {
      expect(run.slotEndsAt > harness.clock.now()).toBe(isProlonged);
      return completes(run);
    });
    expect(await rows()).toMatchObject([{ state: 'done' }]);
  });

  it('is not changed after it has ended', async () => {
    const tick = slot();
    await runSlot(sync, tick, async (run) => {
      await runSlot(sync, tick, async () => ({ state: 'failed', error: 'the other one was first' }));
      return completes(run);
    });
    expect(await rows()).toMatchObject([{ state: 'failed', error: 'the other one was first' }]);
  });

  it('stores its progress and the data in one transaction', async () => {
    await runSlot(sync, slot(), async (run) => {
      const write = async () => {
        throw new Error('invalid row');
      };
      await saveProgress(sync, run.runId, { counts: counts(1), checkpoint: { at: 1 } }, write);
      return completes(run);
    });
    const [row] = await harness.db.select().from(syncRuns).where(eq(syncRuns.state, 'failed'));
    expect(row).toMatchObject({ counts: { planned: 0 }, checkpoint: null, error: 'invalid row' });
  });
});
