import { createWorld as createUpstream } from '@paceline/sandbox';
import { tables } from '@paceline/shared/database';
import type { HarnessService } from '@paceline/shared/sync/testing';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWorld, type World } from './testing/world.ts';

const { events, results, signups, clubMemberships, syncLogs, syncRuns } = tables;
const minute = 60_000;
const hour = 60 * minute;
const longSlot = 8 * hour;
/** The same world as the sandbox. */
const upstream = createUpstream(1);
type Race = ReturnType<typeof upstream.upcoming>[number];

let world: World;
let service: HarnessService;

beforeAll(async () => {
  // An evening at 20:45, when many races have just ended.
  world = await createWorld({ scale: 1_200, anchor: Date.UTC(2026, 10, 24, 20, 45) });
});

beforeEach(async () => {
  await world.db.delete(syncRuns);
  await world.db.delete(syncLogs);
  await world.db.delete(clubMemberships);
  await world.db.delete(events);
  service = await world.start({ ZWIFTRACING_API_KEY: world.newKey() });
});

afterEach(async () => {
  await service.stop();
  world.sandbox.controls.clearFaults();
});

afterAll(() => world?.close());

const now = () => Math.round(world.clock.now());
const startOf = ({ time }: Race) => time * 1_000;
const resultsAt = ({ eventId }: Race, at: number) => upstream.results(Number(eventId), at)?.results ?? [];
const isRated = (race: Race, at: number) => resultsAt(race, at).some((each) => 'rating' in each);
/** Events with riders that are over by now and match. */
const over = (is: (event: Race) => boolean) =>
  upstream
    .upcoming(now() - 3 * hour)
    .filter((event) => event.categories !== '' && startOf(event) < now() - hour)
    .filter(is);
const isRace = ({ type }: Race) => type === 'Race';

const insertRaces = (races: readonly Race[]) =>
  world.db.insert(events).values(
    races.map((race) => ({
      eventId: race.eventId,
      title: race.title,
      startsAt: startOf(race),
      type: race.type,
      raw: {},
      firstSeenAt: startOf(race) - hour,
      fetchedAt: startOf(race) - 1,
    })),
  );
const eventOf = async (eventId = '') => {
  const [event] = await world.db.select().from(events).where(eq(events.eventId, eventId));
  return event;
};
const resultsOf = (eventId = '') => world.db.select().from(results).where(eq(results.eventId, eventId));
const runSlot = async (slotMs = longSlot) => {
  const { slotId } = await world.tick('results', slotMs);
  return world.until(async () => {
    const [run] = await world.db.select().from(syncRuns).where(eq(syncRuns.slotId, slotId));
    if (!run || run.state === 'running') throw new Error(`the run of ${slotId} has not ended`);
    return run;
  });
};

describe('a results slot', () => {
  it('fetches unrated results, later their ratings, and then nothing more', async () => {
    const race = await world.until(() => {
      const isFresh = (each: Race) =>
        resultsAt(each, now()).length > 0 && !isRated(each, now() + 40 * minute);
      const [found] = over((each) => isRace(each) && isFresh(each));
      if (!found) throw new Error('no unrated race');
      return found;
    });
    await insertRaces([race]);
    expect(await runSlot()).toMatchObject({
      state: 'done',
      error: null,
      counts: { planned: 1, synced: 1, failed: 0, deferred: 0 },
    });
    expect(await eventOf(race.eventId)).toMatchObject({ resultsState: 'unrated', resultsTries: 1 });
    const unrated = await resultsOf(race.eventId);
    expect(unrated.length).toBeGreaterThan(0);
    expect(unrated.every(({ rating }) => rating === null)).toBe(true);

    expect(await runSlot()).toMatchObject({ state: 'done', counts: { planned: 0 } });
    await world.until(() => expect(isRated(race, now() - 10 * minute)).toBe(true));
    await runSlot();
    expect(await eventOf(race.eventId)).toMatchObject({ resultsState: 'rated', resultsReason: null });
    const rated = await resultsOf(race.eventId);
    expect(rated.every(({ rating, removedAt }) => rating !== null && removedAt === null)).toBe(true);
    expect(new Set(rated.map(({ riderId }) => riderId))).toEqual(
      new Set(unrated.map(({ riderId }) => riderId)),
    );
    const calls = world.requested(0, 'results').length;
    expect(await runSlot()).toMatchObject({ state: 'done', counts: { planned: 0 } });
    expect(world.requested(0, 'results')).toHaveLength(calls);
  });

  it('fetches races with our riders first, then other races, then rides, each once', async () => {
    const races = over((each) => isRace(each) && isRated(each, now())).slice(0, 3);
    const [ride] = over((each) => !isRace(each));
    const [ours] = races;
    if (!ours || !ride) throw new Error('no race and ride are over');
    await insertRaces([ride, ...races]);
    const seen = { firstSeenAt: 1, lastSeenAt: 1 };
    await world.db.insert(clubMemberships).values({ clubId: 7, riderId: 1, ...seen });
    const signup = { name: 'Ours', pen: 'A', raw: {}, ...seen };
    await world.db.insert(signups).values({ eventId: ours.eventId, riderId: 1, ...signup });
    const from = world.lastSeq();
    const run = await runSlot();
    expect(run).toMatchObject({ state: 'done', counts: { planned: 4, synced: 4, deferred: 0 } });
    expect(run.counts.stored).toBe((await world.db.select().from(results)).length);
    const requested = world.requested(from, 'results');
    expect(requested[0]).toBe(ours.eventId);
    expect(requested.at(-1)).toBe(ride.eventId);
    expect(requested.toSorted()).toEqual([ride, ...races].map(({ eventId }) => eventId).toSorted());
    expect(world.sandbox.audit().filter(({ verdict }) => verdict !== 'accepted')).toEqual([]);
  });

  it('defers events for which it has no call', async () => {
    await insertRaces(over(isRace).slice(0, 4));
    const run = await runSlot(1.9 * minute);
    expect(run).toMatchObject({ state: 'done', error: null });
    expect(run.counts).toMatchObject({ synced: 2, deferred: 2 });
    const { counts } = await runSlot();
    expect(counts).toMatchObject({ synced: 2, deferred: 0 });
  });

  it('treats a 404 for an event as no results yet', async () => {
    const [known] = over((each) => isRace(each) && isRated(each, now()));
    if (!known) throw new Error('no rated race');
    await insertRaces([known, { ...known, eventId: '7' }]);
    expect(await runSlot()).toMatchObject({ state: 'done', error: null, counts: { synced: 2, failed: 0 } });
    expect(await eventOf('7')).toMatchObject({
      resultsState: 'none_yet',
      resultsReason: 'ZwiftRacing answered 404: not found',
      resultsFetchedAt: null,
    });
  });

  it('gives up after three days without results', async () => {
    const [race] = over(isRace);
    if (!race) throw new Error('no race is over');
    await insertRaces([{ ...race, eventId: '7', time: race.time - 4 * 24 * 3_600 }]);
    expect(await runSlot()).toMatchObject({ state: 'done', counts: { planned: 0 } });
    expect(await eventOf('7')).toMatchObject({ resultsState: 'given_up' });
  });
});
