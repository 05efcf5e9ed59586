import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type BulkCallChanged, catalog, type ImportRiders } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { subscribe, publish } from '@paceline/shared/messaging';
import { and, eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorld, type World } from './testing/world.ts';

const { commands, syncRuns, wantedRiders } = tables;
const hour = 3_600_000;
const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const children: ChildProcess[] = [];
let world: World;
let key: string;
const callChanges: BulkCallChanged[] = [];

beforeAll(async () => {
  // A club call takes about 40 ms, its window 1.5 s.
  world = await createWorld({ scale: 2_400, runs: true });
  key = world.newKey();
  subscribe(world.bus, catalog.bulkCallChanged, {}, (change) => callChanges.push(change));
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await world?.close();
});

/** Starts a rider sync as a process of its own. */
function startProcess(): ChildProcess {
  const env = {
    ...process.env,
    ...world.env('rider-sync'),
    ZWIFTRACING_BASE_URL: world.sandbox.url,
    ZWIFTRACING_API_KEY: key,
    ZWIFTRACING_CLUB_IDS: '20650,20651',
    LOG_LEVEL: 'error',
  };
  const child = spawn(process.execPath, [main], { env, stdio: 'inherit' });
  children.push(child);
  return child;
}

const kill = async (child: ChildProcess) => {
  child.kill('SIGKILL');
  await once(child, 'exit');
};

const lastCall = () => world.sandbox.audit().at(-1);
const bulkCalls = () => world.sandbox.audit().filter(({ budget }) => budget === 'riders_bulk');

async function importRiders(riderIds: readonly number[]): Promise<ImportRiders> {
  const now = Math.round(world.clock.now());
  const command = { commandId: crypto.randomUUID(), requestedAt: now };
  const { commandId } = command;
  const rows = riderIds.map((riderId) => ({ commandId, riderId, freshFrom: now, since: now }));
  await world.db.insert(wantedRiders).values(rows.map((row) => ({ ...row, why: 'import' as const })));
  await publish(world.bus, catalog.importRiders, command);
  return command;
}
/** Number of riders of an import that are done. */
const countOf = ({ commandId }: ImportRiders) =>
  world.db.$count(wantedRiders, and(eq(wantedRiders.commandId, commandId), eq(wantedRiders.outcome, 'done')));

describe('a rider sync that is killed', () => {
  it('has its run and its commands finished by the next one', async () => {
    world.sandbox.controls.injectFault({ kind: 'delay', budget: 'clubs', ms: 10 * hour });
    const first = startProcess();
    const { slotId } = await world.tick('rider', 100 * hour);
    await world.until(() => expect(lastCall()).toMatchObject({ budget: 'clubs' }));
    // The riders of a bulk call whose process dies are wanted as before.
    world.sandbox.controls.injectFault({ kind: 'delay', budget: 'riders_bulk', ms: 10 * hour });
    const command = await importRiders(Array.from({ length: 1_500 }, (_, index) => 4_200_000 + index));
    await world.until(() => expect(bulkCalls()).toHaveLength(1));
    const ids = Array.from({ length: 40 }, (_, index) => 4_100_000 + index);
    const requestedAt = Math.round(world.clock.now());
    for (const riderId of ids)
      await publish(world.bus, catalog.addRider, { commandId: `c${riderId}`, riderId, requestedAt });
    await world.until(() => expect(lastCall()).toMatchObject({ budget: 'riders_single' }));
    await kill(first);

    startProcess();
    await world.until(async () => {
      const [run] = await world.db.select().from(syncRuns).where(eq(syncRuns.slotId, slotId));
      expect(run).toMatchObject({ state: 'done', counts: { planned: 2, synced: 2 } });
    });
    await world.until(async () => {
      const rows = await world.db.select().from(commands);
      expect(rows).toHaveLength(ids.length + 1);
      expect(rows.map(({ progress }) => progress.state)).toEqual(
        rows.map(() => expect.stringMatching(/done|failed/)),
      );
    });
    expect(await countOf(command)).toBe(1_500);
    expect(await world.db.select().from(syncRuns)).toHaveLength(1);
    expect(world.sandbox.audit().filter(({ verdict }) => verdict !== 'accepted')).toEqual([]);
  });
});

describe('two rider syncs', () => {
  it('share an import: 2500 riders take three calls even when one process is killed, none twice', async () => {
    for (const child of children) child.kill('SIGKILL');
    world.sandbox.controls.clearFaults();
    key = world.newKey();
    const [first] = [startProcess(), startProcess()];
    const command = await importRiders(Array.from({ length: 2_500 }, (_, index) => 4_300_000 + index));
    const answered = () =>
      callChanges.filter(({ stage, imports }) => stage === 'answered' && imports.includes(command.commandId));
    await world.until(() => expect(answered()).toHaveLength(1));
    await kill(first);
    await world.until(async () => expect(await countOf(command)).toBe(2_500));
    await world.until(async () => {
      const [row] = await world.db.select().from(commands).where(eq(commands.commandId, command.commandId));
      expect(row?.progress).toEqual({ state: 'done' });
    });
    // Riders that only fill up a call come last.
    const load = ({ call }: BulkCallChanged) => {
      const sent = callChanges.find((change) => change.call === call && change.stage === 'sent');
      return sent?.riderIds.slice(0, sent.riderIds.length - sent.outsiders) ?? [];
    };
    const loads = answered().map(load);
    expect(loads.map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
    expect(new Set(loads.flat()).size).toBe(2_500);
  });
});
