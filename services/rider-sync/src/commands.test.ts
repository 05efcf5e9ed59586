import type { AddRider, CommandChanged, Progress } from '@paceline/shared/contracts';
import { catalog, durableOf } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { accountOf, partitionOf } from '@paceline/shared/limiter';
import { publish, request } from '@paceline/shared/messaging';
import type { HarnessService } from '@paceline/shared/sync/testing';
import { asc, eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRiderSyncHarness, importOf, type RiderSyncHarness } from './testing/harness.ts';

const { commands, riders, riderHistory, syncLogs, wantedRiders } = tables;
/** A call that takes long enough for its state to be reported. */
const slow = { kind: 'delay', ms: 120_000, times: 1 } as const;
let harness: RiderSyncHarness;
let service: HarnessService;
let key: string;
let nextRider = 4_000_000;

beforeAll(async () => {
  harness = await openRiderSyncHarness({ scale: 1_200 });
});

beforeEach(async () => {
  key = harness.newKey();
  service = await harness.start({ ZWIFTRACING_API_KEY: key });
});

afterEach(async () => {
  await service.stop();
  harness.sandbox.controls.clearFaults();
});

afterAll(() => harness?.close());

async function addRider(riderId = (nextRider += 1), more: Partial<AddRider> = {}): Promise<AddRider> {
  const requestedAt = Math.round(harness.clock.now());
  const command = { commandId: crypto.randomUUID(), riderId, requestedAt, ...more };
  await publish(harness.bus, catalog.addRider, command);
  return command;
}

const rowOf = async ({ commandId }: AddRider) => {
  const [row] = await harness.db.select().from(commands).where(eq(commands.commandId, commandId));
  return row;
};
const ended = (command: AddRider) =>
  harness.until(async () => {
    const row = await rowOf(command);
    if (!row?.finishedAt) throw new Error(`command ${command.riderId} has not ended: ${JSON.stringify(row)}`);
    return row.progress;
  });
const progressesOf = ({ commandId }: AddRider): Progress[] =>
  harness.commandChanges
    .filter((change: CommandChanged) => change.commandId === commandId)
    .map(({ progress }) => progress);
const callsFor = ({ commandId }: AddRider) =>
  harness.db.select().from(syncLogs).where(eq(syncLogs.commandId, commandId)).orderBy(asc(syncLogs.id));

describe('a command to add a rider', () => {
  it('reports running, then done once the rider is stored', async () => {
    harness.sandbox.controls.injectFault({ ...slow, budget: 'riders_single' });
    const command = await addRider();
    expect(await ended(command)).toEqual({ state: 'done' });
    const [rider] = await harness.db.select().from(riders).where(eq(riders.riderId, command.riderId));
    expect(rider).toMatchObject({ riderId: command.riderId, raw: { riderId: command.riderId } });
    await harness.until(() =>
      expect(progressesOf(command)).toEqual([{ state: 'running', via: 'single' }, { state: 'done' }]),
    );
    expect(await callsFor(command)).toMatchObject([
      { endpoint: 'riders_single', target: String(command.riderId), status: 200, runId: null },
    ]);
  });

  it('reports no state that has passed before anyone could see it', async () => {
    const command = await addRider();
    await ended(command);
    await harness.until(() => expect(progressesOf(command)).toEqual([{ state: 'done' }]));
  });

  it('that upstream does not know fails with the reason', async () => {
    const command = await addRider(7);
    expect(await ended(command)).toEqual({ state: 'failed', reason: 'ZwiftRacing has no rider 7' });
    expect(await callsFor(command)).toMatchObject([{ status: 404 }]);
  });

  it('waits in the queue behind many others and reports its estimate', async () => {
    const crowd = await Promise.all(Array.from({ length: 20 }, () => addRider()));
    const ends = await Promise.all(crowd.map(ended));
    expect(ends).toEqual(ends.map(() => ({ state: 'done' })));
    const waits = crowd.flatMap(progressesOf).filter(({ state }) => state.startsWith('waiting'));
    expect(waits.length).toBeGreaterThan(10);
    expect(waits).toContainEqual({
      state: 'waiting_in_line',
      position: expect.any(Number),
      at: expect.any(Number),
      via: 'single',
    });
    const rejected = harness.sandbox.audit().filter(({ verdict }) => verdict !== 'accepted');
    expect(rejected).toEqual([]);
  });

  it('makes one call when its message is delivered twice', async () => {
    const command = await addRider();
    await ended(command);
    await harness.until(() => expect(progressesOf(command).at(-1)).toEqual({ state: 'done' }));
    await publish(harness.bus, catalog.addRider, command);
    await ended(await addRider());
    expect(await callsFor(command)).toHaveLength(1);
    expect(await rowOf(command)).toMatchObject({ progress: { state: 'done' } });
  });

  it('for a stored rider adds no history when nothing has changed', async () => {
    const first = await addRider();
    await ended(first);
    await ended(await addRider(first.riderId));
    const rows = await harness.db.select().from(riderHistory).where(eq(riderHistory.riderId, first.riderId));
    expect(rows).toHaveLength(1);
  });

  it('shares one call with others for the same rider, and each reports its progress', async () => {
    const riderId = (nextRider += 1);
    const [first, ...others] = await Promise.all(Array.from({ length: 5 }, () => addRider(riderId)));
    for (const command of [first, ...others]) {
      if (!command) continue;
      expect(await ended(command)).toEqual({ state: 'done' });
      await harness.until(() => expect(progressesOf(command).at(-1)).toEqual({ state: 'done' }));
    }
    const calls = await harness.db
      .select()
      .from(syncLogs)
      .where(eq(syncLogs.target, String(riderId)));
    expect(calls).toHaveLength(1);
  });

  it('makes no call when the rider was fetched since the request', async () => {
    const riderId = (nextRider += 1);
    const earlier = Math.round(harness.clock.now());
    await ended(await addRider(riderId));
    const command = await addRider(riderId, { requestedAt: earlier });
    expect(await ended(command)).toEqual({ state: 'done' });
    expect(await callsFor(command)).toEqual([]);
  });

  it('requested long ago is still carried out', async () => {
    const command = await addRider(undefined, { requestedAt: Math.round(harness.clock.now() - 86_400_000) });
    expect(await ended(command)).toEqual({ state: 'done' });
  });

  it('uses a bulk call when no GET is possible in time, and fails with the earliest time when neither is', async () => {
    const oneADay = { limit: 1, windowMs: 86_400_000 };
    harness.sandbox.controls.changePolicies({ riders_single: oneADay, riders_bulk: oneADay });
    await ended(await addRider());
    harness.sandbox.controls.injectFault({ ...slow, budget: 'riders_bulk' });
    const byBulk = await addRider();
    expect(await ended(byBulk)).toEqual({ state: 'done' });
    await harness.until(() => expect(progressesOf(byBulk)).toContainEqual({ state: 'running', via: 'bulk' }));
    expect(await callsFor(byBulk)).toMatchObject([
      { endpoint: 'riders_single', status: 429 },
      { endpoint: 'riders_bulk', status: 200 },
    ]);

    const tooLate = {
      state: 'failed',
      reason: expect.stringMatching(/before \d{4}-.*Z: calls are paused by ZwiftRacing$/),
    };
    const rejected = await addRider();
    expect(await ended(rejected)).toEqual(tooLate);
    expect(await callsFor(rejected)).toMatchObject([{ endpoint: 'riders_bulk', status: 429 }]);
    const refused = await addRider();
    expect(await ended(refused)).toEqual(tooLate);
    expect(await callsFor(refused)).toEqual([]);
    harness.sandbox.controls.changePolicies({ riders_single: null, riders_bulk: null });
  });
});

describe('an upstream failure', () => {
  it.each(['server-error', 'html', 'truncated'] as const)(
    '(%s) is retried until a call succeeds',
    async (kind) => {
      harness.sandbox.controls.injectFault({ kind, budget: 'riders_single', times: 2 });
      const command = await addRider();
      expect(await ended(command)).toEqual({ state: 'done' });
      expect(await callsFor(command)).toHaveLength(3);
    },
  );

  it.each(['null-body', 'not-found-message', 'data-null'] as const)(
    'of another shape (%s) is an answer: one call, and the command fails with the reason',
    async (kind) => {
      harness.sandbox.controls.injectFault({ kind, budget: 'riders_single', times: 2 });
      const command = await addRider();
      expect(await ended(command)).toEqual({
        state: 'failed',
        reason: expect.stringContaining('Invalid response from ZwiftRacing'),
      });
      expect(await callsFor(command)).toHaveLength(1);
      harness.sandbox.controls.clearFaults();
    },
  );

  it('that lasts too long fails the command with the reason', async () => {
    harness.sandbox.controls.injectFault({ kind: 'server-error', budget: 'riders_single', times: 1_000 });
    harness.sandbox.controls.injectFault({ kind: 'server-error', budget: 'riders_bulk', times: 1_000 });
    const command = await addRider();
    expect(await ended(command)).toEqual({
      state: 'failed',
      reason: `Rider ${command.riderId} could not be fetched: ZwiftRacing answered 503: server error`,
    });
    const calls = await callsFor(command);
    expect(calls.length).toBeGreaterThan(2);
  });

  it('with 429 because of another client is retried once the window is free', async () => {
    const url = `${harness.sandbox.url}/public/riders/4000000`;
    const foreign = Array.from({ length: 5 }, () => fetch(url, { headers: { Authorization: key } }));
    await harness.during(Promise.all(foreign));
    const command = await addRider();
    expect(await ended(command)).toEqual({ state: 'done' });
    // A bulk call whose permit becomes free at the same time may include the rider, too.
    const singles = (await callsFor(command)).filter(({ endpoint }) => endpoint === 'riders_single');
    expect(singles.map(({ status }) => status)).toEqual([429, 200]);
  });
});

describe('a command', () => {
  it('moves to the next process when its own is stopped while it waits', async () => {
    const account = accountOf(key);
    const operate = async (operation: { do: 'resume' } | { do: 'pause'; until: number }) => {
      for (const endpoint of ['riders_single', 'riders_bulk'] as const) {
        const partition = { partition: partitionOf(account) };
        await request(harness.bus, catalog.operate, partition, { ...operation, account, endpoint }, 5_000);
      }
    };
    await harness.until(() => operate({ do: 'pause', until: Math.round(harness.clock.now()) + 3_600_000 }));
    const crowd = await Promise.all(Array.from({ length: 20 }, () => addRider()));
    await harness.until(() => expect(crowd.flatMap(progressesOf).length).toBeGreaterThan(0));
    await service.stop();
    service = await harness.start({ ZWIFTRACING_API_KEY: key });
    await operate({ do: 'resume' });
    const ends = await Promise.all(crowd.map(ended));
    expect(ends).toEqual(ends.map(() => ({ state: 'done' })));
  });

  it('fails with its riders and a reason after the maximum number of deliveries', async () => {
    await service.stop();
    const { commandId } = await importOf(harness, [4_900_001, 4_900_002]);
    const { stream, delivery } = catalog.importRiders;
    const consumer = await harness.bus.js.consumers.get(stream, durableOf(catalog.importRiders));
    for (let attempt = 0; attempt < delivery.maxDeliver; attempt += 1) (await consumer.next())?.nak();

    service = await harness.start({ ZWIFTRACING_API_KEY: key });
    const reason = expect.stringMatching(/^Command failed: .+ attempt 21 of 20/);
    await harness.until(async () => {
      const [row] = await harness.db.select().from(commands).where(eq(commands.commandId, commandId));
      expect(row).toMatchObject({ progress: { state: 'failed', reason }, finishedAt: expect.any(Number) });
    });
    const wanted = await harness.db.select().from(wantedRiders).where(eq(wantedRiders.commandId, commandId));
    expect(wanted).toHaveLength(2);
    for (const each of wanted) expect(each).toMatchObject({ outcome: 'failed', reason });
  });
});
