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
/** What the sandbox knows, at any moment. */
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
/** Events with riders in them that are over by now, and of which this is true. */
const over = (is: (event: Race) => boolean) =>
  upstream
    .upcoming(now() - 3 * hour)
    .filter((event) => event.categories !== '' && startOf(event) < now() - hour)
    .filter(is);
const isRace = ({ type }: Race) => type === 'Race';

const keep = (races: readonly Race[]) =>
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

describe('a slot of the results', () => {
  it('brings unrated results, later their ratings, and then nothing more', async () => {
    const race = await world.until(() => {
      const isFresh = (each: Race) =>
        resultsAt(each, now()).length > 0 && !isRated(each, now() + 40 * minute);
      const [found] = over((each) => isRace(each) && isFresh(each));
      if (!found) throw new Error('no race is unrated');
      return found;
    });
    await keep([race]);
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
    const calls = world.asked(0, 'results').length;
    expect(await runSlot()).toMatchObject({ state: 'done', counts: { planned: 0 } });
    expect(world.asked(0, 'results')).toHaveLength(calls);
  });

  it('begins with the races of our riders, then the other races, and asks for each once', async () => {
    const races = over((each) => isRace(each) && isRated(each, now())).slice(0, 3);
    const [ride] = over((each) => !isRace(each));
    const [ours] = races;
    if (!ours || !ride) throw new Error('nothing is over');
    await keep([ride, ...races]);
    const seen = { firstSeenAt: 1, lastSeenAt: 1 };
    await world.db.insert(clubMemberships).values({ clubId: 7, riderId: 1, ...seen });
    const signup = { name: 'Ours', pen: 'A', raw: {}, ...seen };
    await world.db.insert(signups).values({ eventId: ours.eventId, riderId: 1, ...signup });
    const from = world.lastSeq();
    const run = await runSlot();
    expect(run).toMatchObject({ state: 'done', counts: { planned: 4, synced: 4, deferred: 0 } });
    expect(run.counts.stored).toBe((await world.db.select().from(results)).length);
    const asked = world.asked(from, 'results');
    expect(asked[0]).toBe(ours.eventId);
    expect(asked.at(-1)).toBe(ride.eventId);
    expect(asked.toSorted()).toEqual([ride, ...races].map(({ eventId }) => eventId).toSorted());
    expect(world.sandbox.audit().filter(({ verdict }) => verdict !== 'accepted')).toEqual([]);
  });

  it('leaves for the next one what it has no call for', async () => {
    await keep(over(isRace).slice(0, 4));
    const run = await runSlot(1.9 * minute);
    expect(run).toMatchObject({ state: 'done', error: null });
    expect(run.counts).toMatchObject({ synced: 2, deferred: 2 });
    const { counts } = await runSlot();
    expect(counts).toMatchObject({ synced: 2, deferred: 0 });
  });

  it('takes what upstream does not know for results that are not there yet', async () => {
    const [known] = over((each) => isRace(each) && isRated(each, now()));
    if (!known) throw new Error('nothing is rated');
    await keep([known, { ...known, eventId: '7' }]);
    expect(await runSlot()).toMatchObject({ state: 'done', error: null, counts: { synced: 2, failed: 0 } });
    expect(await eventOf('7')).toMatchObject({
      resultsState: 'none_yet',
      resultsReason: 'Upstream answered 404: it knows no such thing',
      resultsFetchedAt: null,
    });
  });

  it('gives up on what has not come within three days', async () => {
    const [race] = over(isRace);
    if (!race) throw new Error('nothing is over');
    await keep([{ ...race, eventId: '7', time: race.time - 4 * 24 * 3_600 }]);
    expect(await runSlot()).toMatchObject({ state: 'done', counts: { planned: 0 } });
    expect(await eventOf('7')).toMatchObject({ resultsState: 'given_up' });
  });
});
