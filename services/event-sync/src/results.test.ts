import { createWorld as createUpstream } from '@paceline/sandbox';
import { tables } from '@paceline/shared/database';
import type { HarnessService } from '@paceline/shared/sync/testing';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openEventSyncHarness, type EventSyncHarness } from './testing/harness.ts';

const { events, results, signups, clubMemberships, syncLogs, syncRuns } = tables;
const minute = 60_000;
const hour = 60 * minute;
const longSlot = 8 * hour;
/** The same world as that of the sandbox. */
const upstream = createUpstream(1);
type Race = ReturnType<typeof upstream.upcoming>[number];

let harness: EventSyncHarness;
let service: HarnessService;

beforeAll(async () => {
  // An evening at 20:45, when many races have just ended.
  harness = await openEventSyncHarness({ scale: 1_200, anchor: Date.UTC(2026, 10, 24, 20, 45) });
});

beforeEach(async () => {
  await harness.db.delete(syncRuns);
  await harness.db.delete(syncLogs);
  await harness.db.delete(clubMemberships);
  await harness.db.delete(events);
  service = await harness.start({ ZWIFTRACING_API_KEY: harness.newKey() });
});

afterEach(async () => {
  await service.stop();
  harness.sandbox.controls.clearFaults();
});

afterAll(() => harness?.close());

const now = () => Math.round(harness.clock.now());
const startOf = ({ time }: Race) => time * 1_000;
const resultsAt = ({ eventId }: Race, at: number) => upstream.results(Number(eventId), at)?.results ?? [];
const isRated = (race: Race, at: number) => resultsAt(race, at).some((each) => 'ratingDelta' in each);
/** Events with riders that are over by now and match. */
const over = (is: (event: Race) => boolean) =>
  upstream
    .upcoming(now() - 3 * hour)
    .filter((event) => event.categories !== '' && startOf(event) < now() - hour)
    .filter(is);
const isRace = ({ type }: Race) => type === 'Race';

const insertRaces = (races: readonly Race[]) =>
  harness.db.insert(events).values(
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
  const [event] = await harness.db.select().from(events).where(eq(events.eventId, eventId));
  return event;
};
const resultsOf = (eventId = '') => harness.db.select().from(results).where(eq(results.eventId, eventId));
const runSlot = async (slotMs = longSlot) => {
  const { slotId } = await harness.tick('results', slotMs);
  return harness.until(async () => {
    const [run] = await harness.db.select().from(syncRuns).where(eq(syncRuns.slotId, slotId));
    if (!run || run.state === 'running') throw new Error(`the run of ${slotId} has not ended`);
    return run;
  });
};

describe('a results slot', () => {
  it('fetches unrated results, later their ratings, and then nothing more', async () => {
    const race = await harness.until(() => {
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
    expect(unrated.every((each) => each.rating === each.ratingBefore && each.ratingDelta === null)).toBe(
      true,
    );

    expect(await runSlot()).toMatchObject({ state: 'done', counts: { planned: 0 } });
    await harness.until(() => expect(isRated(race, now() - 10 * minute)).toBe(true));
    await runSlot();
    expect(await eventOf(race.eventId)).toMatchObject({ resultsState: 'rated', resultsReason: null });
    const rated = await resultsOf(race.eventId);
    expect(rated.every(({ ratingDelta, removedAt }) => ratingDelta !== null && removedAt === null)).toBe(
      true,
    );
    expect(new Set(rated.map(({ riderId }) => riderId))).toEqual(
      new Set(unrated.map(({ riderId }) => riderId)),
    );
    const calls = harness.requested(0, 'results').length;
    expect(await runSlot()).toMatchObject({ state: 'done', counts: { planned: 0 } });
    expect(harness.requested(0, 'results')).toHaveLength(calls);
  });

  it('fetches races with our riders first, then other races, then rides, each once', async () => {
    const races = over((each) => isRace(each) && isRated(each, now())).slice(0, 3);
    const [ride] = over((each) => !isRace(each));
    const [ours] = races;
    if (!ours || !ride) throw new Error('no race and ride are over');
    await insertRaces([ride, ...races]);
    const seen = { firstSeenAt: 1, lastSeenAt: 1 };
    await harness.db.insert(clubMemberships).values({ clubId: 7, riderId: 1, ...seen });
    const signup = { name: 'Ours', pen: 'A', raw: {}, ...seen };
    await harness.db.insert(signups).values({ eventId: ours.eventId, riderId: 1, ...signup });
    const from = harness.lastSeq();
    const run = await runSlot();
    expect(run).toMatchObject({ state: 'done', counts: { planned: 4, synced: 4, deferred: 0 } });
    expect(run.counts.stored).toBe((await harness.db.select().from(results)).length);
    const requested = harness.requested(from, 'results');
    expect(requested[0]).toBe(ours.eventId);
    expect(requested.at(-1)).toBe(ride.eventId);
    expect(requested.toSorted()).toEqual([ride, ...races].map(({ eventId }) => eventId).toSorted());
    expect(harness.sandbox.audit().filter(({ verdict }) => verdict !== 'accepted')).toEqual([]);
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
