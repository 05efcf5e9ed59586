import { type AddRider, catalog, type Progress } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { publish } from '@paceline/shared/messaging';
import type { HarnessService } from '@paceline/shared/sync/testing';
import { inArray } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRiderSyncHarness, type RiderSyncHarness } from './testing/harness.ts';

const { commands, riders } = tables;
const second = 1_000;
/** How far an estimate can be off, project ms; on a slow machine more is allowed. */
const slack = 30 * second;

let harness: RiderSyncHarness;
let service: HarnessService;
let nextRider = 4_300_000;

beforeAll(async () => {
  harness = await openRiderSyncHarness({ scale: 30 });
});

beforeEach(async () => {
  await harness.db.delete(riders);
  service = await harness.start({ ZWIFTRACING_API_KEY: harness.newKey() });
});
afterEach(() => service.stop());
afterAll(() => harness?.close());

/** Adds riders at the same time; returns the progress of each, in order, once all are stored. */
async function addAtOnce(count: number) {
  const requestedAt = Math.round(harness.clock.now());
  const adds: AddRider[] = Array.from({ length: count }, () => ({
    commandId: crypto.randomUUID(),
    riderId: (nextRider += 1),
    requestedAt,
  }));
  const before = harness.sandbox.audit().length;
  await Promise.all(adds.map((add) => publish(harness.bus, catalog.addRider, add)));
  await harness.until(async () => {
    const ids = adds.map(({ commandId }) => commandId);
    const rows = await harness.db.select().from(commands).where(inArray(commands.commandId, ids));
    expect(rows.filter(({ finishedAt }) => finishedAt !== null)).toHaveLength(count);
  });
  const changesOf = (add: AddRider) =>
    harness.commandChanges.filter(({ commandId }) => commandId === add.commandId);
  for (const add of adds)
    await harness.until(() => expect(changesOf(add).at(-1)?.progress).toEqual({ state: 'done' }));
  const added = adds.map((add) => ({ riderId: add.riderId, changes: changesOf(add) }));
  return { requestedAt, added, arrivals: harness.sandbox.audit().slice(before) };
}

type Changes = Awaited<ReturnType<typeof addAtOnce>>['added'][number]['changes'];
const fetchModesOf = (changes: Changes) =>
  changes.flatMap(({ progress }) => ('via' in progress && progress.via !== undefined ? progress.via : []));
/** The last estimate before the call was sent. */
const estimateOf = (changes: Changes): number => {
  const waits = changes
    .map(({ progress }): Progress => progress)
    .filter(({ state }) => state.startsWith('waiting'));
  const last = waits.at(-1);
  return (last && (('at' in last && last.at) || ('until' in last && last.until))) || Number.NaN;
};

describe('ten riders added in the same second, during a bulk call', () => {
  it('the first five are stored within seconds, the others report when and by which call', async () => {
    const old = Math.round(harness.clock.now() - 86_400_000);
    await harness.db
      .insert(riders)
      .values({ riderId: 4_299_999, name: 'Outsider', raw: {}, firstSeenAt: old, fetchedAt: old });
    const bulk = () => harness.sandbox.audit().filter(({ budget }) => budget === 'riders_bulk');
    const before = bulk().length;
    await harness.tick('rider', 150 * second);
    await harness.until(() => expect(bulk()).toHaveLength(before + 1));

    const { requestedAt, added, arrivals } = await addAtOnce(10);
    const callOf = (riderId: number) =>
      arrivals.find(({ path }) => path.endsWith(`/public/riders/${riderId}`))?.arrivedAt ?? Number.NaN;
    const inOrder = added.toSorted((a, b) => callOf(a.riderId) - callOf(b.riderId));
    const [first, later] = [inOrder.slice(0, 5), inOrder.slice(5)];
    let late = 0;
    for (const { riderId, changes } of first) {
      expect(changes.filter(({ progress }) => progress.state.startsWith('waiting'))).toEqual([]);
      late = Math.max(late, callOf(riderId) - requestedAt);
    }
    for (const { riderId, changes } of later) {
      expect(fetchModesOf(changes).at(-1)).toBe('single');
      expect(Math.abs(estimateOf(changes) - callOf(riderId))).toBeLessThan(slack + 2 * late);
      expect(estimateOf(changes)).toBeGreaterThan(requestedAt + 55 * second);
    }
    expect(arrivals.every(({ verdict }) => verdict === 'accepted')).toBe(true);
  });
});

describe('forty riders added in the same second, with the bulk window free', () => {
  it('five are stored immediately, the others by one bulk call', async () => {
    // Long enough for its state to be reported.
    harness.sandbox.controls.injectFault({ kind: 'delay', ms: 10_000, budget: 'riders_bulk' });
    const { added, arrivals } = await addAtOnce(40);
    expect(arrivals.map(({ budget }) => String(budget)).toSorted()).toEqual([
      'riders_bulk',
      ...Array.from({ length: 5 }, () => 'riders_single'),
    ]);
    const modes = added.map(({ changes }) => fetchModesOf(changes).at(-1));
    expect(modes.filter((mode) => mode === 'bulk')).toHaveLength(35);
  });
});
