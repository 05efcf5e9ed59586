import { type AddRider, catalog, type Progress } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { publish } from '@paceline/shared/messaging';
import type { HarnessService } from '@paceline/shared/sync/testing';
import { inArray } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWorld, type World } from './testing/world.ts';

const { commands, riders } = tables;
const second = 1_000;
/** What a told time may be beside what happens, project ms; a machine that is late itself is given more. */
const slack = 30 * second;

let world: World;
let service: HarnessService;
let nextRider = 4_300_000;

beforeAll(async () => {
  world = await createWorld({ scale: 30 });
});

beforeEach(async () => {
  await world.db.delete(riders);
  service = await world.start({ ZWIFTRACING_API_KEY: world.newKey() });
});
afterEach(() => service.stop());
afterAll(() => world?.close());

/** Adds riders in one breath and returns what each was told, in order, once all are stored. */
async function addAtOnce(count: number) {
  const requestedAt = Math.round(world.clock.now());
  const adds: AddRider[] = Array.from({ length: count }, () => ({
    commandId: crypto.randomUUID(),
    riderId: (nextRider += 1),
    requestedAt,
  }));
  const before = world.sandbox.audit().length;
  await Promise.all(adds.map((add) => publish(world.bus, catalog.addRider, add)));
  await world.until(async () => {
    const ids = adds.map(({ commandId }) => commandId);
    const rows = await world.db.select().from(commands).where(inArray(commands.commandId, ids));
    expect(rows.filter(({ finishedAt }) => finishedAt !== null)).toHaveLength(count);
  });
  const newsOf = (add: AddRider) =>
    world.commandChanges.filter(({ commandId }) => commandId === add.commandId);
  for (const add of adds)
    await world.until(() => expect(newsOf(add).at(-1)?.progress).toEqual({ state: 'done' }));
  const changes = adds.map((add) => ({ riderId: add.riderId, news: newsOf(add) }));
  return { requestedAt, changes, arrivals: world.sandbox.audit().slice(before) };
}

type News = Awaited<ReturnType<typeof addAtOnce>>['changes'][number]['news'];
const waysOf = (news: News) =>
  news.flatMap(({ progress }) => ('via' in progress && progress.state === 'running' ? progress.via : []));
/** The last time that was told before the call left. */
const toldAt = (news: News): number => {
  const waits = news
    .map(({ progress }): Progress => progress)
    .filter(({ state }) => state.startsWith('waiting'));
  const last = waits.at(-1);
  return (last && (('at' in last && last.at) || ('until' in last && last.until))) || Number.NaN;
};

describe('ten who add riders in the same second, during a bulk sync', () => {
  it('have the first five within seconds, and the others report truthfully by which way and when', async () => {
    const old = Math.round(world.clock.now() - 86_400_000);
    await world.db
      .insert(riders)
      .values({ riderId: 4_299_999, name: 'Outsider', raw: {}, firstSeenAt: old, fetchedAt: old });
    const bulk = () => world.sandbox.audit().filter(({ budget }) => budget === 'riders_bulk');
    const before = bulk().length;
    await world.tick('rider', 150 * second);
    await world.until(() => expect(bulk()).toHaveLength(before + 1));

    const { requestedAt, changes, arrivals } = await addAtOnce(10);
    const callOf = (riderId: number) =>
      arrivals.find(({ path }) => path.endsWith(`/public/riders/${riderId}`))?.arrivedAt ?? Number.NaN;
    const inOrder = changes.toSorted((a, b) => callOf(a.riderId) - callOf(b.riderId));
    const [first, later] = [inOrder.slice(0, 5), inOrder.slice(5)];
    let late = 0;
    for (const { riderId, news } of first) {
      expect(news.map(({ progress }) => progress)).toEqual([
        { state: 'running', via: 'single' },
        { state: 'done' },
      ]);
      late = Math.max(late, callOf(riderId) - requestedAt);
    }
    for (const { riderId, news } of later) {
      expect(waysOf(news)).toEqual(['single']);
      expect(Math.abs(toldAt(news) - callOf(riderId))).toBeLessThan(slack + 2 * late);
      expect(toldAt(news)).toBeGreaterThan(requestedAt + 55 * second);
    }
    expect(arrivals.every(({ verdict }) => verdict === 'accepted')).toBe(true);
  });
});

describe('forty who add riders in the same second, while no bulk call was made for long', () => {
  it('have five at once, and the others about a minute later by one bulk call', async () => {
    const { changes, arrivals } = await addAtOnce(40);
    expect(arrivals.map(({ budget }) => String(budget)).toSorted()).toEqual([
      'riders_bulk',
      ...Array.from({ length: 5 }, () => 'riders_single'),
    ]);
    const ways = changes.map(({ news }) => waysOf(news).at(-1));
    expect(ways.filter((way) => way === 'bulk')).toHaveLength(35);
  });
});
