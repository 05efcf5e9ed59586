import type { AddRider, CommandChanged, Progress } from '@paceline/shared/contracts';
import { catalog, durableOf } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { accountOf, partitionOf } from '@paceline/shared/limiter';
import { publish, request } from '@paceline/shared/messaging';
import type { HarnessService } from '@paceline/shared/sync/testing';
import { asc, eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWorld, importOf, type World } from './testing/world.ts';

const { commands, riders, riderHistory, syncLogs, wantedRiders } = tables;
let world: World;
let service: HarnessService;
let key: string;
let nextRider = 4_000_000;

beforeAll(async () => {
  world = await createWorld({ scale: 1_200 });
});

beforeEach(async () => {
  key = world.newKey();
  service = await world.start({ ZWIFTRACING_API_KEY: key });
});

afterEach(async () => {
  await service.stop();
  world.sandbox.controls.clearFaults();
});

afterAll(() => world?.close());

async function ask(riderId = (nextRider += 1), more: Partial<AddRider> = {}): Promise<AddRider> {
  const requestedAt = Math.round(world.clock.now());
  const command = { commandId: crypto.randomUUID(), riderId, requestedAt, ...more };
  await publish(world.bus, catalog.addRider, command);
  return command;
}

const rowOf = async ({ commandId }: AddRider) => {
  const [row] = await world.db.select().from(commands).where(eq(commands.commandId, commandId));
  return row;
};
const ended = (command: AddRider) =>
  world.until(async () => {
    const row = await rowOf(command);
    if (!row?.finishedAt) throw new Error(`command ${command.riderId} has not ended: ${JSON.stringify(row)}`);
    return row.progress;
  });
const told = ({ commandId }: AddRider): Progress[] =>
  world.commandChanges
    .filter((change: CommandChanged) => change.commandId === commandId)
    .map(({ progress }) => progress);
const callsFor = ({ commandId }: AddRider) =>
  world.db.select().from(syncLogs).where(eq(syncLogs.commandId, commandId)).orderBy(asc(syncLogs.id));

describe('a command to add a rider', () => {
  it('reports that it runs, and that it is done once the rider is stored', async () => {
    const command = await ask();
    expect(await ended(command)).toEqual({ state: 'done' });
    const [rider] = await world.db.select().from(riders).where(eq(riders.riderId, command.riderId));
    expect(rider).toMatchObject({ riderId: command.riderId, raw: { riderId: command.riderId } });
    await world.until(() =>
      expect(told(command)).toEqual([{ state: 'running', via: 'single' }, { state: 'done' }]),
    );
    expect(await callsFor(command)).toMatchObject([
      { endpoint: 'riders_single', target: String(command.riderId), status: 200, runId: null },
    ]);
  });

  it('that upstream does not know fails with that reason', async () => {
    const command = await ask(7);
    expect(await ended(command)).toEqual({ state: 'failed', reason: 'ZwiftRacing knows no rider 7' });
    expect(await callsFor(command)).toMatchObject([{ status: 404 }]);
  });

  it('in a crowd waits in the queue, and reports until when', async () => {
    const crowd = await Promise.all(Array.from({ length: 20 }, () => ask()));
    const ends = await Promise.all(crowd.map(ended));
    expect(ends).toEqual(ends.map(() => ({ state: 'done' })));
    const waits = crowd.flatMap(told).filter(({ state }) => state.startsWith('waiting'));
    expect(waits.length).toBeGreaterThan(10);
    expect(waits).toContainEqual({
      state: 'waiting_in_line',
      position: expect.any(Number),
      at: expect.any(Number),
      via: 'single',
    });
    const rejected = world.sandbox.audit().filter(({ verdict }) => verdict !== 'accepted');
    expect(rejected).toEqual([]);
  });

  it('whose message comes twice gets one answer and costs one call', async () => {
    const command = await ask();
    await ended(command);
    await world.until(() => expect(told(command).at(-1)).toEqual({ state: 'done' }));
    await publish(world.bus, catalog.addRider, command);
    await ended(await ask());
    expect(await callsFor(command)).toHaveLength(1);
    expect(await rowOf(command)).toMatchObject({ progress: { state: 'done' } });
  });

  it('again is stored again, but has no new history when nothing has changed', async () => {
    const first = await ask();
    await ended(first);
    await ended(await ask(first.riderId));
    const rows = await world.db.select().from(riderHistory).where(eq(riderHistory.riderId, first.riderId));
    expect(rows).toHaveLength(1);
  });

  it('at the same time as others shares one call with them, and each reports its progress', async () => {
    const riderId = (nextRider += 1);
    const [first, ...others] = await Promise.all(Array.from({ length: 5 }, () => ask(riderId)));
    for (const command of [first, ...others]) {
      if (!command) continue;
      expect(await ended(command)).toEqual({ state: 'done' });
      await world.until(() => expect(told(command).at(-1)).toEqual({ state: 'done' }));
    }
    const calls = await world.db
      .select()
      .from(syncLogs)
      .where(eq(syncLogs.target, String(riderId)));
    expect(calls).toHaveLength(1);
  });

  it('that was fetched for another command since is not fetched again', async () => {
    const riderId = (nextRider += 1);
    const earlier = Math.round(world.clock.now());
    await ended(await ask(riderId));
    const command = await ask(riderId, { requestedAt: earlier });
    expect(await ended(command)).toEqual({ state: 'done' });
    expect(await callsFor(command)).toEqual([]);
  });

  it('long ago is not refused for it: that was our fault', async () => {
    const command = await ask(undefined, { requestedAt: Math.round(world.clock.now() - 86_400_000) });
    expect(await ended(command)).toEqual({ state: 'done' });
  });

  it('comes by bulk when that alone is open in time; when neither is, fails with the time from which one is', async () => {
    const oneADay = { limit: 1, windowMs: 86_400_000 };
    world.sandbox.controls.changePolicies({ riders_single: oneADay, riders_bulk: oneADay });
    await ended(await ask());
    const byBulk = await ask();
    expect(await ended(byBulk)).toEqual({ state: 'done' });
    await world.until(() => expect(told(byBulk)).toContainEqual({ state: 'running', via: 'bulk' }));
    expect(await callsFor(byBulk)).toMatchObject([
      { endpoint: 'riders_single', status: 429 },
      { endpoint: 'riders_bulk', status: 200 },
    ]);

    const tooLate = { state: 'failed', reason: expect.stringMatching(/before \d{4}-.*Z$/) };
    const rejected = await ask();
    expect(await ended(rejected)).toEqual(tooLate);
    expect(await callsFor(rejected)).toMatchObject([{ endpoint: 'riders_bulk', status: 429 }]);
    const refused = await ask();
    expect(await ended(refused)).toEqual(tooLate);
    expect(await callsFor(refused)).toEqual([]);
    world.sandbox.controls.changePolicies({ riders_single: null, riders_bulk: null });
  });
});

describe('upstream in trouble', () => {
  it.each(['server-error', 'html', 'truncated', 'null-body'] as const)(
    'by %s is called until it answers',
    async (kind) => {
      world.sandbox.controls.injectFault({ kind, budget: 'riders_single', times: 2 });
      const command = await ask();
      expect(await ended(command)).toEqual({ state: 'done' });
      expect(await callsFor(command)).toHaveLength(3);
    },
  );

  it('for too long is the reason why the command has failed', async () => {
    world.sandbox.controls.injectFault({ kind: 'server-error', budget: 'riders_single', times: 1_000 });
    world.sandbox.controls.injectFault({ kind: 'server-error', budget: 'riders_bulk', times: 1_000 });
    const command = await ask();
    expect(await ended(command)).toEqual({
      state: 'failed',
      reason: `Rider ${command.riderId} could not be fetched: ZwiftRacing answered 503: server error`,
    });
    const calls = await callsFor(command);
    expect(calls.length).toBeGreaterThan(2);
  });

  it('because another client uses the key: called again when it is time', async () => {
    const url = `${world.sandbox.url}/public/riders/4000000`;
    const foreign = Array.from({ length: 5 }, () => fetch(url, { headers: { Authorization: key } }));
    await world.during(Promise.all(foreign));
    const command = await ask();
    expect(await ended(command)).toEqual({ state: 'done' });
    expect((await callsFor(command)).map(({ status }) => status)).toEqual([429, 200]);
  });
});

describe('a command', () => {
  it('goes to the next process when this one is stopped while it waits', async () => {
    const account = accountOf(key);
    const operate = async (deed: { do: 'resume' } | { do: 'pause'; until: number }) => {
      for (const endpoint of ['riders_single', 'riders_bulk'] as const) {
        const partition = { partition: partitionOf(account) };
        await request(world.bus, catalog.operate, partition, { ...deed, account, endpoint }, 5_000);
      }
    };
    await world.until(() => operate({ do: 'pause', until: Math.round(world.clock.now()) + 3_600_000 }));
    const crowd = await Promise.all(Array.from({ length: 20 }, () => ask()));
    await world.until(() => expect(crowd.flatMap(told).length).toBeGreaterThan(0));
    await service.stop();
    service = await world.start({ ZWIFTRACING_API_KEY: key });
    await operate({ do: 'resume' });
    const ends = await Promise.all(crowd.map(ended));
    expect(ends).toEqual(ends.map(() => ({ state: 'done' })));
  });

  it('over which handlers have died as often as they may fails with the reason, as do its riders', async () => {
    await service.stop();
    const { commandId } = await importOf(world, [4_900_001, 4_900_002]);
    const { stream, delivery } = catalog.importRiders;
    const consumer = await world.bus.js.consumers.get(stream, durableOf(catalog.importRiders));
    for (let attempt = 0; attempt < delivery.maxDeliver; attempt += 1) (await consumer.next())?.nak();

    service = await world.start({ ZWIFTRACING_API_KEY: key });
    const reason = expect.stringMatching(/^It could not be carried out: .+ attempt 21 of 20/);
    await world.until(async () => {
      const [row] = await world.db.select().from(commands).where(eq(commands.commandId, commandId));
      expect(row).toMatchObject({ progress: { state: 'failed', reason }, finishedAt: expect.any(Number) });
    });
    const wanted = await world.db.select().from(wantedRiders).where(eq(wantedRiders.commandId, commandId));
    expect(wanted).toHaveLength(2);
    for (const each of wanted) expect(each).toMatchObject({ outcome: 'failed', reason });
  });
});
