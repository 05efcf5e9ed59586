import { type Database, tables } from '@paceline/shared/database';
import { type TestDatabase, testDatabase } from '@paceline/shared/database/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callRow, eventRow, runRow, someTime } from '../testing/rows.ts';
import { findDataAges } from './query.ts';

const { clubMemberships, clubs, events, syncLogs, syncRuns } = tables;
const hour = 3_600_000;

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await testDatabase();
  db = database.db;
});
beforeEach(async () => {
  for (const table of [clubMemberships, clubs, events, syncLogs, syncRuns]) await db.delete(table);
});
afterAll(() => database?.stop());

const now = someTime;
const nothingDone = { planned: 1, synced: 0, failed: 1, deferred: 0, stored: 0 };
const riderRun = (runId: string, startedAt: number) =>
  runRow(runId, { kind: 'rider', startedAt, counts: nothingDone });
const clubCall = (runId: string, target: string, startedAt: number) =>
  callRow(runId, { endpoint: 'clubs', target, status: 503, startedAt });
const missing = async () => {
  const ages = await findDataAges(db, now);
  return [ages.clubs.missingSince, ages.events.missingSince];
};

describe('data that was never fetched', () => {
  it('is missing since the first run that was to fetch it', async () => {
    expect(await missing()).toEqual([undefined, undefined]);
    await db
      .insert(syncRuns)
      .values([
        riderRun('1', now - 5 * hour),
        riderRun('2', now - hour),
        runRow('3', { kind: 'far', startedAt: now - 4 * hour }),
      ]);
    expect(await missing()).toEqual([now - 5 * hour, now - 4 * hour]);
    await db.insert(clubs).values({ clubId: 20650, name: 'A', fetchedAt: now });
    await db.insert(events).values(eventRow('1'));
    expect(await missing()).toEqual([undefined, undefined]);
  });

  it('is not missing when runs only observe, or have no club to fetch', async () => {
    await db
      .insert(syncRuns)
      .values([
        runRow('1', { kind: 'near', mode: 'observed' }),
        runRow('2', { kind: 'rider', mode: 'observed', counts: nothingDone }),
        runRow('3', { kind: 'rider', counts: { ...nothingDone, planned: 0, failed: 0 } }),
      ]);
    expect(await missing()).toEqual([undefined, undefined]);
  });

  it('can be one of several clubs, also while a large one is not complete yet', async () => {
    await db.insert(syncRuns).values([riderRun('1', now - 7 * hour), riderRun('2', now - hour)]);
    await db.insert(clubs).values({ clubId: 20650, name: 'A', fetchedAt: now });
    await db.insert(clubMemberships).values({ clubId: 20652, riderId: 5, firstSeenAt: now, lastSeenAt: now });
    await db
      .insert(syncLogs)
      .values([
        clubCall('1', '20650', now - 7 * hour),
        clubCall('1', '20651', now - 6 * hour),
        clubCall('2', '20652', now - 5 * hour),
        clubCall('2', '20652 from rider 4500001', now - 4 * hour),
        callRow('2', { target: 'upcoming', startedAt: now - 7 * hour }),
      ]);
    expect((await missing())[0]).toBe(now - 6 * hour);
  });
});
