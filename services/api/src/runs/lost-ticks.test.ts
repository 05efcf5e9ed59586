import { type Tick, tickOf } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { type Bus, done, handle, publish } from '@paceline/shared/messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { runRow } from '../testing/rows.ts';

let test: TestApi;
let bus: Bus;

beforeAll(async () => {
  test = await startTestApi();
  bus = await test.busOf('event-sync');
});
afterAll(() => test?.stop());

/** A run whose tick is stored, or that an API process triggered. */
async function running(runId: string, isStored: boolean): Promise<void> {
  const row = runRow(runId, { state: 'running', finishedAt: null });
  const { slotId, kind, scheduledFor, slotEndsAt: endsAt } = row;
  const tick: Tick = { runId, slotId, kind: 'far', scheduledFor, endsAt, mode: 'on' };
  if (isStored) await publish(await test.busOf('scheduler'), tickOf.far, tick, { id: slotId });
  await test.db.insert(tables.syncRuns).values({ ...row, kind: kind && 'far' });
}

it('publishes the tick of a running run again when the broker has lost it, and no other', async () => {
  await running('waiting', true);
  await running('lost', false);
  await test.db.insert(tables.syncRuns).values(runRow('ended', { kind: 'far' }));
  const { streams } = await (await test.busOf('admin')).js.jetstreamManager();
  const stored = async () => (await streams.info('TICKS')).state.messages;
  await test.until(async () => expect(await stored()).toBe(2));
  await test.pass(5_000);
  expect(await stored()).toBe(2);

  const handled: Array<string | undefined> = [];
  const handling = await handle(bus, tickOf.far, async ({ runId }) => {
    handled.push(runId);
    await test.db.update(tables.syncRuns).set({ state: 'done' });
    return done;
  });
  await test.until(() => expect(handled).toEqual(['waiting', 'lost']));
  await test.pass(5_000);
  expect(await stored()).toBe(0);
  await handling.stop();
});
