import { type Database, tables } from '@paceline/shared/database';
import { type TestDatabase, testDatabase } from '@paceline/shared/database/testing';
import type { EventItem, SignupItem, SkippedItem } from '@paceline/shared/zwiftracing';
import { asc, eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findCandidates, findMeasured, listFetchedAt, storeEvents, storeSignups } from './events.ts';

const { doubts, events, signups, signupCopies, clubMemberships } = tables;
let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await testDatabase();
  db = database.db;
});

beforeEach(async () => {
  await db.delete(events);
  await db.delete(doubts);
  await db.delete(clubMemberships);
});

afterAll(() => database?.stop());

function event(eventId: string, startsAt: number, listedSignups = 10): EventItem {
  const details = { title: `Event ${eventId}`, type: 'Race', subType: null, routeId: '1', distance: 20_000 };
  return { event: { eventId, startsAt, listedSignups, ...details }, raw: { eventId } };
}

const signup = (riderId: number, pen = 'A'): SignupItem => ({
  signup: { riderId, name: `Rider ${riderId}`, rating: null, pen },
  raw: { riderId },
});
const unreadable = (id: string | null): SkippedItem => ({
  index: 0,
  id,
  reason: 'name: wrong',
  rawStart: '',
});
const list = (items: EventItem[], at: number, skipped: SkippedItem[] = []) =>
  storeEvents(db, { events: items, skipped }, at);
const store = (eventId: string, riderIds: number[], at: number, skipped: SkippedItem[] = []) =>
  db.transaction((tx) =>
    storeSignups(tx, eventId, { signups: riderIds.map((id) => signup(id)), skipped }, at),
  );
const stored = (eventId: string) =>
  db.select().from(signups).where(eq(signups.eventId, eventId)).orderBy(asc(signups.riderId));
const withdrawn = async (eventId: string) =>
  (await stored(eventId)).map(({ riderId, withdrawnAt }) => [riderId, withdrawnAt]);
const candidates = async (after: number, until: number) => {
  const found = await findCandidates(db, { after, until });
  return found.toSorted((a, b) => a.startsAt - b.startsAt);
};

describe('the event list', () => {
  it('has no fetch time without a copy', async () => {
    expect(await listFetchedAt(db)).toBeNull();
    await list([], 500);
    expect(await listFetchedAt(db)).toBeNull();
  });

  it('replaces the previous copy and keeps what is known about signups', async () => {
    await list([event('a', 5_000)], 1_000);
    await store('a', [1], 1_500);
    await list([event('a', 6_000, 12), event('b', 7_000)], 2_000);
    expect(await listFetchedAt(db)).toBe(2_000);
    expect(await db.select().from(events).where(eq(events.eventId, 'a'))).toMatchObject([
      { startsAt: 6_000, listedSignups: 12, firstSeenAt: 1_000, fetchedAt: 2_000 },
    ]);
    expect(await candidates(0, 9_000)).toEqual([
      {
        eventId: 'a',
        title: 'Event a',
        startsAt: 6_000,
        listedSignups: 12,
        signupsListedThen: 10,
        signupsFetchedAt: 1_500,
        hasOurs: false,
      },
      expect.objectContaining({ eventId: 'b', signupsListedThen: null, signupsFetchedAt: null }),
    ]);
  });

  it('of a whole week fits in one statement', async () => {
    await list(
      Array.from({ length: 900 }, (_, index) => event(String(index), 5_000)),
      1_000,
    );
    expect(await candidates(0, 9_000)).toHaveLength(900);
  });
});

describe('an event list that collapses', () => {
  const many = Array.from({ length: 9 }, (_, index) => event(`e${index}`, 5_000_000));
  const listed = async () => (await candidates(0, 9_000_000)).length;

  it.each([
    ['is empty', []],
    ['has few events', many.slice(0, 2)],
  ])('delists nothing when it %s, until another one confirms it', async (_, items) => {
    await list(many, 1_000);
    expect(await list(items, 2_000)).toEqual({
      text: `the response has ${items.length} of 9 stored events; they are kept until another response confirms it`,
    });
    expect(await listed()).toBe(9);
    expect(await list(items, 602_000)).toBeUndefined();
    expect(await listed()).toBe(items.length);
  });

  it('is forgotten once the events are back', async () => {
    await list(many, 1_000);
    await list([], 2_000);
    expect(await list(many, 3_000)).toBeUndefined();
    expect(await list([], 900_000)).toBeDefined();
    expect(await listed()).toBe(9);
  });

  it('delists nothing when it is empty while few events are stored', async () => {
    await list(many.slice(0, 2), 1_000);
    expect(await list([], 2_000)).toBeDefined();
    expect(await listed()).toBe(2);
    expect(await list([], 602_000)).toBeUndefined();
    expect(await listed()).toBe(0);
  });
});

describe('events that could not be read', () => {
  it('are not delisted', async () => {
    await list([event('a', 5_000), event('b', 5_000), event('c', 5_000)], 1_000);
    await list([event('a', 5_000)], 2_000, [unreadable('b')]);
    expect((await candidates(0, 9_000)).map(({ eventId }) => eventId).toSorted()).toEqual(['a', 'b']);
  });

  it('without a readable id keep all other events listed', async () => {
    await list([event('a', 5_000), event('b', 5_000)], 1_000);
    await list([event('a', 5_000)], 2_000, [unreadable(null)]);
    expect(await candidates(0, 9_000)).toHaveLength(2);
  });
});

describe('findCandidates', () => {
  it('finds events that start within the horizon', async () => {
    await list([event('a', 1_000), event('b', 1_001), event('c', 2_000), event('d', 2_001)], 500);
    expect((await candidates(1_000, 2_000)).map(({ eventId }) => eventId)).toEqual(['b', 'c']);
  });

  it('skips delisted events until they are listed again', async () => {
    const ids = async () => (await candidates(0, 2_000)).map(({ eventId }) => eventId);
    const delisted = async () =>
      (await db.select().from(events).where(eq(events.eventId, 'a'))).map(({ delistedAt }) => delistedAt);
    await list([event('a', 1_000), event('b', 1_001)], 500);
    await list([event('b', 1_001)], 600);
    await list([event('b', 1_001)], 700);
    expect([await ids(), await delisted()]).toEqual([['b'], [600]]);
    await list([event('a', 1_000), event('b', 1_001)], 800);
    expect([await ids(), await delisted()]).toEqual([['a', 'b'], [null]]);
  });

  it('does not mark started events as delisted', async () => {
    await list([event('a', 550), event('b', 1_001)], 500);
    await list([event('b', 1_001)], 600);
    expect((await db.select().from(events)).map(({ delistedAt }) => delistedAt)).toEqual([null, null]);
  });

  it('marks events for which a current member of our clubs is signed up', async () => {
    const member = { clubId: 7, firstSeenAt: 1, lastSeenAt: 1 };
    await db.insert(clubMemberships).values([
      { ...member, riderId: 1 },
      { ...member, riderId: 2, current: false },
      { ...member, riderId: 3 },
    ]);
    await list([event('ours', 1), event('left the club', 2), event('withdrawn', 3), event('others', 4)], 1);
    await store('ours', [1, 9], 10);
    await store('left the club', [2], 10);
    await store('withdrawn', [3], 10);
    await store('withdrawn', [9], 11);
    await store('others', [9], 10);
    expect((await candidates(0, 9)).map(({ eventId, hasOurs }) => [eventId, hasOurs])).toEqual([
      ['ours', true],
      ['left the club', false],
      ['withdrawn', false],
      ['others', false],
    ]);
  });
});

describe('signups', () => {
  beforeEach(() => list([event('e', 5_000), event('other', 5_000)], 500));

  it('are stored with the times they were first and last seen', async () => {
    await store('e', [1], 1_000);
    await store('e', [1, 2], 2_000);
    expect(await stored('e')).toMatchObject([
      { riderId: 1, pen: 'A', firstSeenAt: 1_000, lastSeenAt: 2_000, withdrawnAt: null },
      { riderId: 2, firstSeenAt: 2_000, lastSeenAt: 2_000, raw: { riderId: 2 } },
    ]);
    expect(await db.select().from(events).where(eq(events.eventId, 'e'))).toMatchObject([
      { signupsFetchedAt: 2_000, signupsListedThen: 10 },
    ]);
    expect((await db.select().from(signupCopies)).map(({ copiedAt }) => copiedAt)).toEqual([1_000, 2_000]);
  });

  it('that disappear are marked as withdrawn', async () => {
    await store('e', [1, 2], 1_000);
    await store('other', [2], 1_000);
    await store('e', [1], 2_000);
    await store('e', [1], 3_000);
    expect(await withdrawn('e')).toEqual([
      [1, null],
      [2, 2_000],
    ]);
    expect(await withdrawn('other')).toEqual([[2, null]]);
  });

  it('that come back are no longer withdrawn', async () => {
    await store('e', [1, 2], 1_000);
    await store('e', [2], 2_000);
    expect(await withdrawn('e')).toEqual([
      [1, 2_000],
      [2, null],
    ]);
    await store('e', [1, 2], 3_000);
    expect((await stored('e'))[0]).toMatchObject({
      firstSeenAt: 1_000,
      lastSeenAt: 3_000,
      withdrawnAt: null,
    });
  });

  it('that could not be read are not marked as withdrawn', async () => {
    await store('e', [1, 2, 3], 1_000);
    await store('e', [1], 2_000, [unreadable('2')]);
    expect(await withdrawn('e')).toEqual([
      [1, null],
      [2, null],
      [3, 2_000],
    ]);
  });

  it('of a small event are kept when all are gone, until another response confirms it', async () => {
    const withdrawals = async () => (await withdrawn('e')).map(([, at]) => at);
    await store('e', [1, 2, 3, 4], 1_000);
    expect(await store('e', [], 2_000)).toBeDefined();
    expect(await withdrawals()).toEqual([null, null, null, null]);
    expect(await store('e', [], 302_000)).toBeUndefined();
    expect(await withdrawals()).toEqual(Array(4).fill(302_000));
  });

  it('are kept when most are gone, until another response confirms it', async () => {
    const all = [1, 2, 3, 4, 5, 6];
    await store('e', all, 1_000);
    expect(await store('e', [], 2_000)).toMatchObject({
      text: expect.stringContaining('0 of 6 stored signups'),
    });
    expect((await withdrawn('e')).every(([, at]) => at === null)).toBe(true);
    expect(await db.select().from(events).where(eq(events.eventId, 'e'))).toMatchObject([
      { signupsFetchedAt: 1_000 },
    ]);
    expect(await store('e', [6], 302_000)).toBeUndefined();
    expect(await withdrawn('e')).toEqual(all.map((id) => [id, id === 6 ? null : 302_000]));
  });

  it('are all kept when an entry has no readable id', async () => {
    await store('e', [1, 2], 1_000);
    await store('e', [1], 2_000, [unreadable(null)]);
    expect(await withdrawn('e')).toEqual([
      [1, null],
      [2, null],
    ]);
  });
});

describe('findMeasured', () => {
  it('finds events that start within the horizon, with the times of their copies since a time', async () => {
    await db.insert(clubMemberships).values({ clubId: 7, riderId: 1, firstSeenAt: 1, lastSeenAt: 1 });
    await list([event('before', 1_000), event('a', 1_001), event('b', 2_000), event('after', 2_001)], 500);
    await store('a', [1], 700);
    await store('a', [1, 2], 600);
    await store('a', [1, 2], 500);
    await store('before', [1], 600);
    const found = await findMeasured(db, { after: 1_000, until: 2_000 }, 500);
    const of = { listedAt: 500, delistedAt: null };
    expect(found.toSorted((a, b) => a.startsAt - b.startsAt)).toEqual([
      { ...of, startsAt: 1_001, hasOurs: true, copiedAt: [600, 700] },
      { ...of, startsAt: 2_000, hasOurs: false, copiedAt: [] },
    ]);
  });
});
