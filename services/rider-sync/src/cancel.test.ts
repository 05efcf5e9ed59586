import { type AddRider, catalog } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { publish, signal } from '@paceline/shared/messaging';
import type { HarnessService } from '@paceline/shared/sync/testing';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRiderSyncHarness, type RiderSyncHarness } from './testing/harness.ts';

const { commands, syncLogs } = tables;
const cancelled = { state: 'failed', reason: 'Cancelled by an operator', cancelled: true } as const;
let harness: RiderSyncHarness;
let service: HarnessService;

beforeAll(async () => {
  // The window of riders_single, a minute, passes in a second.
  harness = await openRiderSyncHarness({ scale: 60 });
  service = await harness.start({ ZWIFTRACING_API_KEY: harness.newKey() });
});
afterAll(async () => {
  await service?.stop();
  await harness?.close();
});

async function addRider(riderId: number): Promise<AddRider> {
  const command = { commandId: crypto.randomUUID(), riderId, requestedAt: Math.round(harness.clock.now()) };
  await publish(harness.bus, catalog.addRider, command);
  return command;
}
const progressOf = async ({ commandId }: AddRider) => {
  const [row] = await harness.db.select().from(commands).where(eq(commands.commandId, commandId));
  return row?.progress;
};
/** Cancels like the API. @param isSignalled false: the signal gets lost */
async function cancel({ commandId }: AddRider, isSignalled = true): Promise<void> {
  await harness.db
    .update(commands)
    .set({ progress: cancelled, finishedAt: Math.round(harness.clock.now()) })
    .where(eq(commands.commandId, commandId));
  if (isSignalled) signal(harness.bus, catalog.commandCancelled, {}, { commandId });
}
const lastPublished = ({ commandId }: AddRider) =>
  harness.commandChanges.findLast((change) => change.commandId === commandId)?.progress;

it('a cancelled command leaves the queue without a call, and does not end others for the same rider', async () => {
  const first: AddRider[] = [];
  for (let riderId = 4_000_001; riderId <= 4_000_005; riderId += 1) first.push(await addRider(riderId));
  await harness.until(async () => {
    for (const command of first) expect((await progressOf(command))?.state).toBe('running');
  });
  const waiting = [await addRider(4_000_011), await addRider(4_000_012), await addRider(4_000_013)] as const;
  const same = await addRider(waiting[0].riderId);
  await harness.until(async () => {
    for (const command of [...waiting, same]) {
      expect(['waiting_for_window', 'waiting_in_line']).toContain((await progressOf(command))?.state);
    }
  });
  await cancel(waiting[0]);
  await cancel(waiting[1], false);

  await harness.until(async () => expect(await progressOf(waiting[2])).toEqual({ state: 'done' }));
  await harness.until(async () => expect(await progressOf(same)).toEqual({ state: 'done' }));
  for (const command of [waiting[0], waiting[1]]) {
    expect(await progressOf(command)).toEqual(cancelled);
    await harness.until(() => expect(lastPublished(command)).toEqual(cancelled));
    const { commandId } = command;
    expect(await harness.db.$count(syncLogs, eq(syncLogs.commandId, commandId))).toBe(0);
  }
});
