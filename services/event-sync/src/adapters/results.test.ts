import { type Database, tables } from '@paceline/shared/database';
import { type TestDatabase, testDatabase } from '@paceline/shared/database/testing';
import type { ResultItem, SkippedItem } from '@paceline/shared/zwiftracing';
import { asc, eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { storeEvents } from './events.ts';
import { findEndedEvents, giveUpResults, storeResults, storeFailedTry } from './results.ts';

const { doubts, events, results, signups, clubMemberships } = tables;
let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await testDatabase();
  db = database.db;
});

beforeEach(async () => {
  await db.delete(events);
  await db.delete(doubts);
  await db.insert(events).values([row('e'), row('other')]);
});

afterAll(() => database?.stop());

const row = (eventId: string, more: Partial<typeof events.$inferInsert> = {}) => ({
  eventId,
  title: `Event ${eventId}`,
  startsAt: 500,
  type: 'Race',
  raw: {},
  firstSeenAt: 1,
  fetchedAt: 1,
  ...more,
});
const result = (riderId: number, ratingDelta: number | null): ResultItem => ({
  result: {
    riderId,
    name: `Rider ${riderId}`,
    pen: 'A',
    positionInPen: 1,
    seconds: 1_500.5,
    gapSeconds: 0,
    rating: 1_400 + (ratingDelta ?? 0),
    ratingBefore: 1_400,
    ratingDelta,
  },
  raw: { riderId, ratingDelta },
});
const unreadable = (id: string | null): SkippedItem => ({
  index: 0,
  id,
  reason: 'name: wrong',
  rawStart: '',
});
const store = (
  riderIds: number[],
  at: number,
  ratingDelta: number | null = null,
  skipped: SkippedItem[] = [],
) =>
  db.transaction((tx) =>
    storeResults(tx, 'e', { results: riderIds.map((id) => result(id, ratingDelta)), skipped }, at),
  );
const stored = () => db.select().from(results).where(eq(results.eventId, 'e')).orderBy(asc(results.riderId));
const removed = async () => (await stored()).map(({ riderId, removedAt }) => [riderId, removedAt]);
const eventOf = async (eventId = 'e') => {
  const [event] = await db.select().from(events).where(eq(events.eventId, eventId));
  return event;
};

describe('results', () => {
  it('are stored unrated, then rated, with the times they were first and last seen', async () => {
    await store([1, 2], 1_000);
    expect(await eventOf()).toMatchObject({
      resultsState: 'unrated',
      resultsReason: null,
      resultsTries: 1,
      resultsTriedAt: 1_000,
      resultsFetchedAt: 1_000,
    });
    await store([1, 2], 2_000, 100);
    expect(await eventOf()).toMatchObject({ resultsState: 'rated', resultsTries: 2, resultsTriedAt: 2_000 });
    expect(await stored()).toMatchObject([
      { riderId: 1, rating: 1_500, ratingDelta: 100, firstSeenAt: 1_000, lastSeenAt: 2_000 },
      { riderId: 2, pen: 'A', seconds: 1_500.5, raw: { riderId: 2, ratingDelta: 100 } },
    ]);
    expect(await eventOf('other')).toMatchObject({ resultsState: null, resultsTries: 0 });
  });

  it('that disappear are marked as removed until they come back', async () => {
    await store([1, 2], 1_000);
    await store([1], 2_000);
    await store([1], 3_000);
    expect(await removed()).toEqual([
      [1, null],
      [2, 2_000],
    ]);
    await store([1, 2], 4_000);
    expect(await removed()).toEqual([
      [1, null],
      [2, null],
    ]);
  });

  it('can be stored twice without a difference', async () => {
    await store([1, 2], 1_000);
    const once = await stored();
    await store([1, 2], 1_000);
    expect(await stored()).toEqual(once);
  });

  it('that could not be read are not marked as removed, and the event says so', async () => {
    await store([1, 2, 3], 1_000);
    await store([1], 2_000, null, [unreadable('2')]);
    expect(await removed()).toEqual([
      [1, null],
      [2, null],
      [3, 2_000],
    ]);
    expect(await eventOf()).toMatchObject({
      resultsReason: '1 unreadable: 2 (name: wrong)',
    });
    await store([], 3_000, null, [unreadable(null)]);
    expect(await removed()).toContainEqual([1, null]);
    expect(await eventOf()).toMatchObject({ resultsState: 'unrated' });
  });

  it('are kept with their state when a response is empty, until another one confirms it', async () => {
    await store([1, 2], 1_000);
    expect(await store([], 2_000)).toBeDefined();
    expect(await removed()).toEqual([
      [1, null],
      [2, null],
    ]);
    expect(await eventOf()).toMatchObject({
      resultsState: 'unrated',
      resultsReason: expect.stringContaining('0 of 2 stored results'),
      resultsTries: 2,
      resultsFetchedAt: 1_000,
    });
    expect(await store([], 3_602_000)).toBeUndefined();
    expect(await eventOf()).toMatchObject({ resultsState: 'none_yet' });
  });

  it('survive an update of the event list', async () => {
    await store([1], 1_000);
    const { title, startsAt } = row('e');
    const details = { type: 'Race', subType: null, routeId: null, distance: null, listedSignups: 3 };
    const listed = [{ event: { eventId: 'e', title, startsAt, ...details }, raw: {} }];
    await storeEvents(db, { events: listed, skipped: [] }, 2_000);
    expect(await eventOf()).toMatchObject({ fetchedAt: 2_000, resultsState: 'unrated', resultsTries: 1 });
  });
});

describe('storeFailedTry', () => {
  const attempt = (at: number) =>
    db.transaction((tx) => storeFailedTry(tx, 'e', 'it knows no such thing', at));

  it('counts the try and stores its reason', async () => {
    await attempt(1_000);
    expect(await eventOf()).toMatchObject({
      resultsState: 'none_yet',
      resultsReason: 'it knows no such thing',
      resultsTries: 1,
      resultsTriedAt: 1_000,
      resultsFetchedAt: null,
    });
  });

  it('keeps earlier results', async () => {
    await store([1], 1_000);
    await attempt(2_000);
    expect(await eventOf()).toMatchObject({ resultsState: 'unrated', resultsFetchedAt: 1_000 });
    expect(await removed()).toEqual([[1, null]]);
  });
});

describe('giveUpResults', () => {
  it('gives up on missing results with a reason, and keeps final ones', async () => {
    const of = (eventId: string, resultsState: typeof events.$inferInsert.resultsState, more = {}) =>
      row(eventId, { resultsState, ...more });
    await db
      .insert(events)
      .values([
        of('none', 'none_yet'),
        of('unrated', 'unrated'),
        of('rated', 'rated'),
        of('ride', 'unrated', { type: 'Group Ride' }),
        of('later', 'none_yet', { startsAt: 501 }),
      ]);
    await giveUpResults(db, 500);
    const all = await db.select().from(events).orderBy(asc(events.eventId));
    expect(
      all.map(({ eventId, resultsState, resultsReason }) => [eventId, resultsState, resultsReason]),
    ).toEqual([
      ['e', 'given_up', 'not fetched within 72 hours of the start'],
      ['later', 'none_yet', null],
      ['none', 'given_up', 'no results within 72 hours of the start'],
      ['other', 'given_up', 'not fetched within 72 hours of the start'],
      ['rated', 'rated', null],
      ['ride', 'unrated', null],
      ['unrated', 'given_up', 'not rated within 72 hours of the start'],
    ]);
  });
});

describe('findEndedEvents', () => {
  it('finds events within the horizon that were not delisted, and marks those with our riders', async () => {
    await db
      .insert(events)
      .values([
        row('too old', { startsAt: 400 }),
        row('to come', { startsAt: 900 }),
        row('off', { delistedAt: 450 }),
      ]);
    await db.update(events).set({ fetchedAt: 2 }).where(eq(events.eventId, 'other'));
    await db.insert(clubMemberships).values({ clubId: 7, riderId: 1, firstSeenAt: 1, lastSeenAt: 1 });
    const signup = { name: 'Rider 1', pen: 'A', raw: {}, firstSeenAt: 1, lastSeenAt: 1 };
    await db.insert(signups).values({ eventId: 'e', riderId: 1, ...signup });
    const found = await findEndedEvents(db, { after: 400, until: 800 });
    expect(new Map(found.map(({ eventId, hasOurs }) => [eventId, hasOurs]))).toEqual(
      new Map([
        ['e', true],
        ['other', false],
      ]),
    );
  });
});
