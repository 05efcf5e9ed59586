import { type AddRider, catalog } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { publish, signal } from '@paceline/shared/messaging';
import type { HarnessService } from '@paceline/shared/sync/testing';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createWorld, type World } from './testing/world.ts';

const { commands, syncLogs } = tables;
const cancelled = { state: 'failed', reason: 'Cancelled by an operator' } as const;
let world: World;
let service: HarnessService;

beforeAll(async () => {
  // A minute, the window of single riders, in a second.
  world = await createWorld({ scale: 60 });
  service = await world.start({ ZWIFTRACING_API_KEY: world.newKey() });
});
afterAll(async () => {
  await service?.stop();
  await world?.close();
});

async function ask(riderId: number): Promise<AddRider> {
  const command = { commandId: crypto.randomUUID(), riderId, requestedAt: Math.round(world.clock.now()) };
  await publish(world.bus, catalog.addRider, command);
  return command;
}
const progressOf = async ({ commandId }: AddRider) => {
  const [row] = await world.db.select().from(commands).where(eq(commands.commandId, commandId));
  return row?.progress;
};
/** What the API does. @param isTold false: the news of it is lost */
async function cancel({ commandId }: AddRider, isTold = true): Promise<void> {
  await world.db
    .update(commands)
    .set({ progress: cancelled, finishedAt: Math.round(world.clock.now()) })
    .where(eq(commands.commandId, commandId));
  if (isTold) signal(world.bus, catalog.commandCancelled, {}, { commandId });
}
const toldLast = ({ commandId }: AddRider) =>
  world.commandChanges.findLast((change) => change.commandId === commandId)?.progress;

it('a command that waits and is cancelled leaves the queue, makes no call, and does not end others for the same rider', async () => {
  const first: AddRider[] = [];
  for (let riderId = 4_000_001; riderId <= 4_000_005; riderId += 1) first.push(await ask(riderId));
  await world.until(async () => {
    for (const command of first) expect((await progressOf(command))?.state).toBe('running');
  });
  const waiting = [await ask(4_000_011), await ask(4_000_012), await ask(4_000_013)] as const;
  const same = await ask(waiting[0].riderId);
  await world.until(async () => {
    for (const command of [...waiting, same]) {
      expect(['waiting_for_window', 'waiting_in_line']).toContain((await progressOf(command))?.state);
    }
  });
  await cancel(waiting[0]);
  await cancel(waiting[1], false);

  await world.until(async () => expect(await progressOf(waiting[2])).toEqual({ state: 'done' }));
  await world.until(async () => expect(await progressOf(same)).toEqual({ state: 'done' }));
  for (const command of [waiting[0], waiting[1]]) {
    expect(await progressOf(command)).toEqual(cancelled);
    await world.until(() => expect(toldLast(command)).toEqual(cancelled));
    const { commandId } = command;
    expect(await world.db.$count(syncLogs, eq(syncLogs.commandId, commandId))).toBe(0);
  }
});
