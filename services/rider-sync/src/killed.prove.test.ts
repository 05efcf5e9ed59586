import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type BulkCallChanged, catalog, type ImportRiders } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { subscribe, publish } from '@paceline/shared/messaging';
import { and, eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRiderSyncHarness, type RiderSyncHarness } from './testing/harness.ts';

const { commands, syncRuns, wantedRiders } = tables;
const hour = 3_600_000;
const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const children: ChildProcess[] = [];
let harness: RiderSyncHarness;
let key: string;
const callChanges: BulkCallChanged[] = [];

beforeAll(async () => {
  // A club call takes about 40 ms, its window 1.5 s.
  harness = await openRiderSyncHarness({ scale: 2_400, runs: true });
  key = harness.newKey();
  subscribe(harness.bus, catalog.bulkCallChanged, {}, (change) => callChanges.push(change));
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await harness?.close();
});

/** Starts a rider sync as a process of its own. */
function startProcess(): ChildProcess {
  const env = {
    ...process.env,
    ...harness.env('rider-sync'),
    ZWIFTRACING_BASE_URL: harness.sandbox.url,
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

const lastCall = () => harness.sandbox.audit().at(-1);
const bulkCalls = () => harness.sandbox.audit().filter(({ budget }) => budget === 'riders_bulk');

async function importRiders(riderIds: readonly number[]): Promise<ImportRiders> {
  const now = Math.round(harness.clock.now());
  const command = { commandId: crypto.randomUUID(), requestedAt: now };
  const { commandId } = command;
  const rows = riderIds.map((riderId) => ({ commandId, riderId, freshFrom: now, since: now }));
  await harness.db.insert(wantedRiders).values(rows.map((row) => ({ ...row, why: 'import' as const })));
  await publish(harness.bus, catalog.importRiders, command);
  return command;
}
/** Number of riders of an import that are done. */
const countOf = ({ commandId }: ImportRiders) =>
  harness.db.$count(
    wantedRiders,
    and(eq(wantedRiders.commandId, commandId), eq(wantedRiders.outcome, 'done')),
  );

describe('a rider sync that is killed', () => {
  it('has its run and its commands finished by the next one', async () => {
    harness.sandbox.controls.injectFault({ kind: 'delay', budget: 'clubs', ms: 10 * hour });
    const first = startProcess();
    const { slotId } = await harness.tick('rider', 100 * hour);
    await harness.until(() => expect(lastCall()).toMatchObject({ budget: 'clubs' }));
    // The riders of a bulk call whose process dies are wanted as before.
    harness.sandbox.controls.injectFault({ kind: 'delay', budget: 'riders_bulk', ms: 10 * hour });
    const command = await importRiders(Array.from({ length: 1_500 }, (_, index) => 4_200_000 + index));
    await harness.until(() => expect(bulkCalls()).toHaveLength(1));
    const ids = Array.from({ length: 40 }, (_, index) => 4_100_000 + index);
    const requestedAt = Math.round(harness.clock.now());
    for (const riderId of ids)
      await publish(harness.bus, catalog.addRider, { commandId: `c${riderId}`, riderId, requestedAt });
    await harness.until(() => expect(lastCall()).toMatchObject({ budget: 'riders_single' }));
    await kill(first);

    startProcess();
    await harness.until(async () => {
      const [run] = await harness.db.select().from(syncRuns).where(eq(syncRuns.slotId, slotId));
      expect(run).toMatchObject({ state: 'done', counts: { planned: 2, synced: 2 } });
    });
    await harness.until(async () => {
      const rows = await harness.db.select().from(commands);
      expect(rows).toHaveLength(ids.length + 1);
      expect(rows.map(({ progress }) => progress.state)).toEqual(
        rows.map(() => expect.stringMatching(/done|failed/)),
      );
    });
    expect(await countOf(command)).toBe(1_500);
    expect(await harness.db.select().from(syncRuns)).toHaveLength(1);
    expect(harness.sandbox.audit().filter(({ verdict }) => verdict !== 'accepted')).toEqual([]);
  });
});

describe('two rider syncs', () => {
  it('share an import: 2500 riders take three calls even when one process is killed, none twice', async () => {
    for (const child of children) child.kill('SIGKILL');
    harness.sandbox.controls.clearFaults();
    key = harness.newKey();
    const [first] = [startProcess(), startProcess()];
    const command = await importRiders(Array.from({ length: 2_500 }, (_, index) => 4_300_000 + index));
    const answered = () =>
      callChanges.filter(({ stage, imports }) => stage === 'answered' && imports.includes(command.commandId));
    await harness.until(() => expect(answered()).toHaveLength(1));
    await kill(first);
    await harness.until(async () => expect(await countOf(command)).toBe(2_500));
    await harness.until(async () => {
      const [row] = await harness.db.select().from(commands).where(eq(commands.commandId, command.commandId));
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
