import { tables } from '@paceline/shared/database';
import type { HarnessService } from '@paceline/shared/sync/testing';
import { asc, eq, isNull } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWorld, type World } from './testing/world.ts';

const { events, syncRuns, syncLogs } = tables;
const minute = 60_000;
const hour = 60 * minute;
const urgent = 15 * minute;

let world: World;
let service: HarnessService;

beforeAll(async () => {
  world = await createWorld({ scale: 120 });
});

beforeEach(async () => {
  await world.db.delete(syncRuns);
  await world.db.delete(syncLogs);
  await world.db.delete(events);
  service = await world.start({ ZWIFTRACING_API_KEY: world.newKey() });
});

afterEach(() => service.stop());

afterAll(() => world?.close());

const startsOf = async (eventId: string) =>
  (await world.db.select().from(events).where(eq(events.eventId, eventId)))[0]?.startsAt ?? 0;
/** Calls outside of runs. */
const calls = () => world.db.select().from(syncLogs).where(isNull(syncLogs.runId)).orderBy(asc(syncLogs.id));
/** Lets the watch look a few times. */
const letWatchLook = () => world.pass(3 * minute);

describe('an event that is about to start', () => {
  it('is refreshed once, when its last minutes start, without a slot or a new event list', async () => {
    const [soon = '', sooner = '', started = ''] = await world.upstreamEvents(3);
    const from = world.lastSeq();
    await world.list([started], -1);
    await world.list([soon], urgent + 3 * minute);
    await world.list([sooner], urgent - minute);
    await world.until(async () =>
      expect((await calls()).map(({ target }) => target)).toEqual([sooner, soon]),
    );
    expect((await calls()).at(-1)?.startedAt).toBe((await startsOf(soon)) - urgent);
    await letWatchLook();
    expect(world.requested(from)).toEqual([sooner, soon]);
    expect(world.sandbox.audit().filter(({ seq, budget }) => seq > from && budget === 'events')).toEqual([]);
  });

  it('gets its call before runs that wait for the same budget', async () => {
    const [first = '', ...far] = await world.upstreamEvents(13);
    await world.list(far, 20 * hour);
    const from = world.lastSeq();
    const slow = await world.tick('far', 4 * hour);
    await world.until(() => expect(world.requested(from).length).toBeGreaterThan(0));
    await world.list([first], urgent);
    await world.until(() => expect(world.requested(from)).toContain(first));
    expect(world.requested(from)).toEqual([far[0], first]);
    const [run] = await world.db.select().from(syncRuns).where(eq(syncRuns.slotId, slow.slotId));
    expect(run).toMatchObject({ state: 'running' });
    await world.until(async () => {
      const [ended] = await world.db.select().from(syncRuns).where(eq(syncRuns.slotId, slow.slotId));
      expect(ended).toMatchObject({ state: 'done' });
    });
  });

  it('that upstream does not know is requested only once', async () => {
    await world.list(['7'], urgent - minute);
    await world.until(async () => expect((await calls()).map(({ status }) => status)).toEqual([404]));
    await letWatchLook();
    expect(await calls()).toHaveLength(1);
  });
});
