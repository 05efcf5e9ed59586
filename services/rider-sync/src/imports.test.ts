import { type BulkCallChanged, catalog, type ImportRiders } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { publish, signal, subscribe } from '@paceline/shared/messaging';
import type { HarnessService } from '@paceline/shared/sync/testing';
import { and, asc, eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRiderSyncHarness, importOf, type RiderSyncHarness } from './testing/harness.ts';

const { clubMemberships, commands, riders, syncLogs, syncRuns, wantedRiders } = tables;
const hour = 3_600_000;
/** A club of the sandbox. */
const racing = 20650;

let harness: RiderSyncHarness;
let services: HarnessService[];
let key: string;
let callChanges: BulkCallChanged[];
let nextRider = 4_200_000;

beforeAll(async () => {
  harness = await openRiderSyncHarness({ scale: 2_400 });
  subscribe(harness.bus, catalog.bulkCallChanged, {}, (change) => callChanges.push(change));
});

beforeEach(async () => {
  callChanges = [];
  services = [];
  key = harness.newKey();
  for (const table of [syncLogs, syncRuns, wantedRiders, clubMemberships, riders])
    await harness.db.delete(table);
});

afterEach(async () => {
  await Promise.all(services.map((service) => service.stop()));
  harness.sandbox.controls.clearFaults();
});

afterAll(() => harness?.close());

const start = async (clubIds = '') => {
  services.push(await harness.start({ ZWIFTRACING_API_KEY: key, ZWIFTRACING_CLUB_IDS: clubIds }));
};
const fresh = (count: number) => Array.from({ length: count }, () => (nextRider += 1));

const importRiders = (riderIds: readonly number[]) => importOf(harness, riderIds);
const rowOf = async ({ commandId }: { commandId: string }) => {
  const [row] = await harness.db.select().from(commands).where(eq(commands.commandId, commandId));
  return row;
};
const ended = (command: ImportRiders) =>
  harness.until(async () => {
    const row = await rowOf(command);
    if (!row?.finishedAt) throw new Error(`the import has not ended: ${JSON.stringify(row)}`);
    return row.progress;
  });
const outcomes = ({ commandId }: ImportRiders) =>
  harness.db
    .select({ riderId: wantedRiders.riderId, outcome: wantedRiders.outcome, reason: wantedRiders.reason })
    .from(wantedRiders)
    .where(eq(wantedRiders.commandId, commandId))
    .orderBy(asc(wantedRiders.riderId));
const changesOf = ({ commandId }: ImportRiders) =>
  harness.commandChanges.filter((change) => change.commandId === commandId);
const calls = () =>
  harness.db
    .select({ endpoint: syncLogs.endpoint, target: syncLogs.target, status: syncLogs.status })
    .from(syncLogs)
    .orderBy(asc(syncLogs.id));
const bulkArrivals = () => harness.sandbox.audit().filter(({ budget }) => budget === 'riders_bulk');
const sent = () => callChanges.filter(({ stage }) => stage === 'sent');

describe('an import', () => {
  it('of 2500 riders takes three bulk calls by two processes, no rider twice, each with an outcome', async () => {
    const before = bulkArrivals().length;
    await Promise.all([start(), start()]);
    const unknown = [7, 8, 9];
    const riderIds = [...unknown, ...fresh(2_497)];
    // Long enough for its state to be reported.
    harness.sandbox.controls.injectFault({ kind: 'delay', ms: 120_000, budget: 'riders_bulk' });
    const command = await importRiders(riderIds);
    expect(await ended(command)).toEqual({ state: 'done' });

    const requested = sent().map((change) =>
      change.riderIds.slice(0, change.riderIds.length - change.outsiders),
    );
    expect(requested.map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
    expect(bulkArrivals()).toHaveLength(before + 3);
    expect(new Set(requested.flat()).size).toBe(2_500);
    expect(await outcomes(command)).toEqual(
      riderIds
        .toSorted((a, b) => a - b)
        .map((riderId) =>
          riderId < 10
            ? { riderId, outcome: 'failed', reason: `ZwiftRacing has no rider ${riderId}` }
            : { riderId, outcome: 'done', reason: null },
        ),
    );
    await harness.until(() => {
      const changes = changesOf(command);
      expect(changes.at(-1)).toMatchObject({
        progress: { state: 'done' },
        riders: { waiting: 0, done: 2_497, failed: 3 },
      });
      expect(changes).toContainEqual(
        expect.objectContaining({ progress: { state: 'running', via: 'bulk' } }),
      );
      const counted = changes.flatMap((change) => change.riders?.waiting ?? []);
      expect(counted).toEqual(counted.toSorted((a, b) => b - a));
      expect(counted).toContain(1_500);
    });
    expect(harness.sandbox.audit().filter(({ verdict }) => verdict !== 'accepted')).toEqual([]);
  });

  it('of a few riders uses GETs, and makes no call for riders stored within a day', async () => {
    await start();
    const few = fresh(3);
    const first = await importRiders([...few, 7]);
    expect(await ended(first)).toEqual({ state: 'done' });
    expect(await outcomes(first)).toEqual([
      { riderId: 7, outcome: 'failed', reason: 'ZwiftRacing has no rider 7' },
      ...few.map((riderId) => ({ riderId, outcome: 'done', reason: null })),
    ]);
    expect(await calls()).toHaveLength(4);
    const again = await importRiders(few);
    expect(await ended(again)).toEqual({ state: 'done' });
    expect((await outcomes(again)).map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done']);
    expect(await calls()).toHaveLength(4);
    expect(sent()).toEqual([]);
  });

  it('whose rider a bulk call holds while its GET is answered ends when that call has stored it', async () => {
    await start();
    const [held = 0, other = 0] = fresh(2);
    harness.sandbox.controls.injectFault({ kind: 'delay', ms: 20_000, budget: 'riders_single' });
    const command = await importRiders([held]);
    await harness.until(async () => expect(await calls()).toHaveLength(1));
    const [locked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const isWanted = eq(wantedRiders.commandId, command.commandId);
    const bulkCall = harness.db.transaction(async (tx) => {
      await tx.select().from(wantedRiders).where(isWanted).for('update');
      locked.resolve();
      await released.promise;
      await tx.update(wantedRiders).set({ outcome: 'done', endedAt: command.requestedAt }).where(isWanted);
    });
    await locked.promise;
    await harness.until(async () => expect((await calls())[0]).toMatchObject({ status: 200 }));
    // By the time that a later one has ended, this one would have.
    expect(await ended(await importRiders([other]))).toEqual({ state: 'done' });
    expect((await rowOf(command))?.finishedAt ?? null).toBeNull();
    released.resolve();
    await bulkCall;
    const change = { call: 'c', stage: 'answered' as const, sentAt: 0, outsiders: 0, trace: {} };
    signal(harness.bus, catalog.bulkCallChanged, {}, { ...change, riderIds: [held], imports: [] });
    expect(await ended(command)).toEqual({ state: 'done' });
    await harness.until(() =>
      expect(changesOf(command).at(-1)).toMatchObject({ riders: { waiting: 0, done: 1, failed: 0 } }),
    );
  });

  it('fails with the reason when a second response has none of its riders either', async () => {
    await start();
    const command = await importRiders([1, 2, 3, 4, 5, 6, 7]);
    expect(await ended(command)).toEqual({
      state: 'failed',
      reason: 'None of 7 riders could be fetched',
    });
    const call = { endpoint: 'riders_bulk', target: '7 riders', status: 200 };
    expect(await calls()).toEqual([call, call]);
    expect((await outcomes(command))[0]?.reason).toBe('ZwiftRacing returned 0 of 7 riders');
  });

  it('requests its riders once more when the response is empty', async () => {
    await start();
    harness.sandbox.controls.injectFault({ kind: 'empty-list', budget: 'riders_bulk' });
    const command = await importRiders(fresh(6));
    expect(await ended(command)).toEqual({ state: 'done' });
    expect((await outcomes(command)).map(({ outcome }) => outcome)).toEqual(Array(6).fill('done'));
    expect(await calls()).toHaveLength(2);
  });

  it.each(['null-body', 'data-null', 'not-found-message'] as const)(
    'makes at most two calls that are answered with JSON of another shape (%s), and fails with the reason',
    async (kind) => {
      const before = bulkArrivals().length;
      await start();
      harness.sandbox.controls.injectFault({ kind, budget: 'riders_bulk', times: 3 });
      const command = await importRiders(fresh(6));
      expect(await ended(command)).toMatchObject({ state: 'failed' });
      expect(new Set((await outcomes(command)).map(({ reason }) => reason))).toEqual(
        new Set(['Invalid response from ZwiftRacing: no riders in it']),
      );
      expect(bulkArrivals()).toHaveLength(before + 2);
    },
  );

  it('whose riders are all unreadable fails after one call, with the reasons', async () => {
    const before = bulkArrivals().length;
    harness.sandbox.controls.setQuirks(['unreadable-riders']);
    try {
      await start();
      const unreadable = [4_290_013, 4_290_026, 4_290_039, 4_290_052, 4_290_065, 4_290_078].map(
        (id) => id - (id % 13),
      );
      const command = await importRiders(unreadable);
      expect(await ended(command)).toMatchObject({ state: 'failed' });
      for (const { reason } of await outcomes(command)) expect(reason).toContain("can't be read: name");
      expect(bulkArrivals()).toHaveLength(before + 1);
    } finally {
      harness.sandbox.controls.setQuirks(['escaped-names']);
    }
  });

  it('requests its riders again after a lost bulk call, and drops none', async () => {
    await start();
    harness.sandbox.controls.injectFault({ kind: 'server-error', budget: 'riders_bulk' });
    const command = await importRiders(fresh(20));
    await harness.until(() => expect(callChanges.map(({ stage }) => stage)).toContain('lost'));
    expect(await ended(command)).toEqual({ state: 'done' });
    expect(await calls()).toMatchObject([
      { endpoint: 'riders_bulk', target: '20 riders', status: 503 },
      { endpoint: 'riders_bulk', target: '20 riders', status: 200 },
    ]);
  });

  it('fails with the reason after three lost bulk calls', async () => {
    await start();
    harness.sandbox.controls.injectFault({ kind: 'server-error', budget: 'riders_bulk', times: 3 });
    const command = await importRiders(fresh(6));
    expect(await ended(command)).toMatchObject({ state: 'failed' });
    expect((await outcomes(command)).map(({ reason }) => reason)).toEqual(
      Array.from({ length: 6 }, () => 'ZwiftRacing answered 503: server error'),
    );
  });

  it('makes no more calls when its message is delivered twice', async () => {
    await start();
    const command = await importRiders(fresh(6));
    await ended(command);
    await publish(harness.bus, catalog.importRiders, command);
    await ended(await importRiders(fresh(1)));
    expect(await calls()).toHaveLength(2);
  });
});

describe('riders outside the clubs', () => {
  const runOf = async (slotId: string) => {
    const [run] = await harness.db.select().from(syncRuns).where(eq(syncRuns.slotId, slotId));
    return run;
  };
  const endOf = (slotId: string) =>
    harness.until(async () => {
      const run = await runOf(slotId);
      if (!run || run.state === 'running') throw new Error(`the run of ${slotId} has not ended`);
      return run;
    });
  const bulkCalls = async () => (await calls()).filter(({ endpoint }) => endpoint === 'riders_bulk');

  it('are refreshed by bulk calls in the rider slot, club members are not', async () => {
    await start(String(racing));
    const first = await harness.tick('rider', 2 * hour);
    expect(await endOf(first.slotId)).toMatchObject({ counts: { synced: 1, stored: 120 } });
    expect(await bulkCalls()).toEqual([]);

    const [left] = await harness.db.select().from(clubMemberships);
    const old = Math.round(harness.clock.now() - 24 * hour);
    const strangers = fresh(40);
    const row = { name: 'Of yesterday', raw: {}, firstSeenAt: old, fetchedAt: old };
    await harness.db.insert(riders).values([...strangers, 11].map((riderId) => ({ riderId, ...row })));
    await harness.db
      .update(clubMemberships)
      .set({ current: false })
      .where(and(eq(clubMemberships.clubId, racing), eq(clubMemberships.riderId, left?.riderId ?? 0)));
    harness.sandbox.controls.injectFault({ kind: 'delay', budget: 'clubs', ms: 3 * hour });
    await harness.pass(6 * hour);

    const second = await harness.tick('rider', 4 * hour);
    await harness.until(async () =>
      expect(await runOf(second.slotId)).toMatchObject({ counts: { stored: 41 } }),
    );
    expect(await runOf(second.slotId)).toMatchObject({ state: 'running', counts: { synced: 0 } });
    expect(await endOf(second.slotId)).toMatchObject({
      state: 'done',
      counts: { planned: 1, synced: 1, stored: 161 },
    });
    // Includes the rider that left the club. The rider that upstream does not know is not requested again.
    expect(await bulkCalls()).toEqual([
      { endpoint: 'riders_bulk', target: '42 riders outside the clubs', status: 200 },
    ]);
    const refreshed = await harness.db
      .select()
      .from(riders)
      .where(eq(riders.riderId, strangers[0] ?? 0));
    expect(refreshed[0]?.name).not.toBe('Of yesterday');
  });

  it('are refreshed within minutes by a run that has hours, which shows what it waits for', async () => {
    const old = Math.round(harness.clock.now() - 48 * hour);
    const row = { name: 'Old', raw: {}, firstSeenAt: old, fetchedAt: old };
    await harness.db.insert(riders).values(fresh(3).map((riderId) => ({ riderId, ...row })));
    await start();
    const { slotId, scheduledFor } = await harness.tick('rider', 60 * hour);
    await harness.until(async () =>
      expect((await runOf(slotId))?.waitingFor).toMatchObject({ budget: 'riders_bulk' }),
    );
    const until = (await runOf(slotId))?.waitingFor?.until ?? Infinity;
    expect(until - scheduledFor).toBeLessThan(hour / 2);
    expect(await endOf(slotId)).toMatchObject({ state: 'done', waitingFor: null });
    expect(harness.clock.now() - scheduledFor).toBeLessThan(3 * hour);
  });

  it('that exceed one call use a second one, oldest first', async () => {
    const old = Math.round(harness.clock.now() - 48 * hour);
    const strangers = fresh(1_001).map((riderId, index) => {
      const fetchedAt = old + index;
      return { riderId, name: 'Old', raw: {}, firstSeenAt: old, fetchedAt };
    });
    await harness.db.insert(riders).values(strangers);
    await start();
    const { slotId } = await harness.tick('rider', 6 * hour);
    expect(await endOf(slotId)).toMatchObject({ state: 'done', counts: { stored: 1_001 } });
    expect(sent().map(({ outsiders }) => outsiders)).toEqual([1_000, 1]);
    expect(sent()[1]?.riderIds).toEqual([strangers.at(-1)?.riderId]);
  });
});
