import { type Database, tables } from '@paceline/shared/database';
import { type TestDatabase, testDatabase } from '@paceline/shared/database/testing';
import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  callRow,
  commandRow,
  eventRow,
  resultRow,
  riderRow,
  runRow,
  signupRow,
  someTime as now,
} from './testing/rows.ts';
import { deleteBatch, deleteOutdated, deletions, type Retention } from './retention.ts';

const day = 86_400_000;
const retention: Retention = {
  history: 10 * day,
  events: 20 * day,
  copies: 5 * day,
  riderHistory: 30 * day,
  responses: day,
};

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await testDatabase();
  db = database.db;
});
afterAll(() => database?.stop());

const ago = (days: number) => now - days * day;
const deleteOld = (at = now, batchSize = 1_000) => deleteOutdated(db, retention, at, { batchSize });
const run = (runId: string, days: number, overrides: Parameters<typeof runRow>[1] = {}) =>
  runRow(runId, { startedAt: ago(days), finishedAt: ago(days), ...overrides });
const ids = async (column: (typeof tables.syncRuns)['runId'] | (typeof tables.commands)['commandId']) =>
  (await db.select({ id: column }).from(column.table)).map(({ id }) => String(id)).toSorted();

describe('runs', () => {
  it('are deleted with their calls once they are outdated, except the last of each kind and open ones', async () => {
    await db
      .insert(tables.syncRuns)
      .values([
        run('near, old', 11),
        run('near, older', 12),
        run('near, young', 9),
        run('far, the last', 30, { kind: 'far', checkpoint: { at: 1 } }),
        run('rider, not ended', 40, { kind: 'rider', state: 'running', finishedAt: null }),
        run('rider, young', 1, { kind: 'rider' }),
      ]);
    await db
      .insert(tables.syncLogs)
      .values([
        callRow('near, old', { startedAt: ago(11), target: 'deleted' }),
        callRow('near, young', { startedAt: ago(9), target: 'young' }),
        callRow('far, the last', { startedAt: ago(30), target: 'of a run that is kept' }),
        callRow('rider, not ended', { startedAt: ago(40), target: 'open' }),
      ]);
    await deleteOld();
    expect(await ids(tables.syncRuns.runId)).toEqual([
      'far, the last',
      'near, young',
      'rider, not ended',
      'rider, young',
    ]);
    const calls = await db.select({ target: tables.syncLogs.target }).from(tables.syncLogs);
    expect(calls.map(({ target }) => target).toSorted()).toEqual(['of a run that is kept', 'open', 'young']);
  });
});

describe('commands', () => {
  it('are deleted with their riders by their end, not by the time of the request', async () => {
    const end = (days: number) => ({ requestedAt: ago(50), finishedAt: ago(days), riderId: null });
    await db
      .insert(tables.commands)
      .values([
        commandRow('ended long ago', end(11)),
        commandRow('ended lately', end(9)),
        commandRow('not ended', { requestedAt: ago(50), finishedAt: null }),
        commandRow('cancelled, a rider still on a call', end(11)),
      ]);
    const rider = (commandId: string, riderId: number, outcome: 'done' | null) => {
      const times = { freshFrom: ago(50), since: ago(50) };
      return { commandId, riderId, why: 'import' as const, outcome, ...times };
    };
    await db
      .insert(tables.wantedRiders)
      .values([
        ...Array.from({ length: 25 }, (_, index) => rider('ended long ago', index, 'done')),
        rider('ended lately', 1, 'done'),
        rider('not ended', 1, null),
        rider('cancelled, a rider still on a call', 1, null),
      ]);
    await db
      .insert(tables.syncLogs)
      .values([
        callRow('', { runId: null, commandId: 'ended long ago', startedAt: ago(50) }),
        callRow('', { runId: null, commandId: 'not ended', startedAt: ago(50) }),
      ]);
    const deleted = await deleteOld(now, 10);
    expect(deleted).toMatchObject({ commands: 1, 'command riders': 25, calls: 1 });
    expect(await ids(tables.commands.commandId)).toEqual([
      'cancelled, a rider still on a call',
      'ended lately',
      'not ended',
    ]);
    expect(await db.$count(tables.wantedRiders)).toBe(3);
  });
});

describe('events', () => {
  it('are deleted with their signups and results by their start; signup copies by their own age', async () => {
    await db
      .insert(tables.events)
      .values([
        eventRow('old', { startsAt: ago(21) }),
        eventRow('young', { startsAt: ago(19) }),
        eventRow('to come', { startsAt: ago(-1), firstSeenAt: ago(25) }),
      ]);
    for (const id of ['old', 'young', 'to come']) {
      await db.insert(tables.signups).values([signupRow(id, 1), signupRow(id, 2)]);
      await db.insert(tables.results).values(resultRow(id, 1));
    }
    await db.insert(tables.signupCopies).values([
      { eventId: 'young', copiedAt: ago(20) },
      { eventId: 'to come', copiedAt: ago(6) },
      { eventId: 'to come', copiedAt: ago(4) },
    ]);
    await deleteOld();
    expect(await db.$count(tables.events)).toBe(2);
    expect([await db.$count(tables.signups), await db.$count(tables.results)]).toEqual([4, 2]);
    expect(await db.select().from(tables.signupCopies)).toEqual([{ eventId: 'to come', copiedAt: ago(4) }]);
  });

  it('are skipped while a transaction stores something for them', async () => {
    await db.insert(tables.events).values(eventRow('open', { startsAt: ago(40) }));
    await db.transaction(async (tx) => {
      await tx.insert(tables.signups).values(signupRow('open', 1));
      expect(await deleteOld()).not.toHaveProperty('events');
    });
    expect(await deleteOld()).toMatchObject({ events: 1 });
  });
});

describe('riders', () => {
  it('stay, with the version that was current when the retained history starts', async () => {
    await db.insert(tables.riders).values([riderRow(1), riderRow(2)]);
    const version = (riderId: number, days: number) => ({ riderId, recordedAt: ago(days), raw: {} });
    await db
      .insert(tables.riderHistory)
      .values([version(1, 90), version(1, 60), version(1, 31), version(1, 2), version(2, 400)]);
    await deleteOld();
    const remaining = await db.select().from(tables.riderHistory);
    expect(remaining.map(({ riderId, recordedAt }) => [riderId, (now - recordedAt) / day])).toEqual([
      [1, 31],
      [1, 2],
      [2, 400],
    ]);
    expect(await db.$count(tables.riders)).toBe(2);
  });

  it('lose an ended membership once their own record no longer names the club', async () => {
    await db.insert(tables.riders).values([riderRow(11, { clubId: 7 }), riderRow(12, { clubId: 8 })]);
    const member = (riderId: number, days: number, current = false) => {
      const times = { firstSeenAt: ago(99), lastSeenAt: ago(days) };
      return { clubId: 7, riderId, current, ...times };
    };
    await db
      .insert(tables.clubMemberships)
      .values([member(11, 40), member(12, 40), member(13, 40, true), member(14, 5)]);
    await deleteOld();
    const remaining = await db.select().from(tables.clubMemberships);
    expect(new Set(remaining.map(({ riderId }) => riderId))).toEqual(new Set([11, 13, 14]));
  });
});

describe('other records', () => {
  it('are deleted once outdated: resolved alerts, conflicts, permits after two days, stored responses', async () => {
    const alert = (id: string, days: number, resolvedAt: number | null) => {
      const texts = { type: 't', severity: 's', title: 't', why: 'w', todo: 't' };
      const at = ago(days);
      return { id, key: id, ...texts, since: at, raisedAt: at, lastSeenAt: at, resolvedAt };
    };
    await db
      .insert(tables.alerts)
      .values([
        alert('resolved', 20, ago(11)),
        alert('resolved lately', 20, ago(9)),
        alert('open', 90, null),
      ]);
    const conflict = {
      account: 'a',
      budget: 'clubs',
      blocked: 'far_event_sync',
      blockedBy: 'rider_sync',
    } as const;
    await db.insert(tables.conflicts).values([
      { ...conflict, at: ago(11), sequence: 1, expectedWaitMs: 1 },
      { ...conflict, at: ago(9), sequence: 2, expectedWaitMs: 1 },
    ]);
    const permit = (name: string, days: number) => ({
      permit: name,
      account: 'a',
      budget: 'clubs' as const,
      receivedAt: ago(days),
    });
    await db.insert(tables.permits).values([permit('old', 2.1), permit('young', 1.9)]);
    const response = (key: string, days: number) => ({
      caller: 'c',
      key,
      request: 'r',
      onceId: key,
      takenAt: ago(days),
    });
    await db.insert(tables.idempotencyKeys).values([response('old', 1.1), response('young', 0.9)]);
    await deleteOld();
    const remaining = await db.select({ id: tables.alerts.id }).from(tables.alerts);
    expect(remaining.map(({ id }) => id).toSorted()).toEqual(['open', 'resolved lately']);
    expect((await db.select().from(tables.conflicts)).map(({ sequence }) => sequence)).toEqual([2]);
    expect((await db.select().from(tables.permits)).map(({ permit: name }) => name)).toEqual(['young']);
    expect((await db.select().from(tables.idempotencyKeys)).map(({ key }) => key)).toEqual(['young']);
  });
});

describe('several processes', () => {
  it('delete one at a time, and each row once', async () => {
    const old = Array.from({ length: 300 }, (_, index) => ({
      permit: `p${index}`,
      account: 'a',
      budget: 'clubs' as const,
      receivedAt: ago(3),
    }));
    await db.insert(tables.permits).values(old);
    const results = await Promise.all([1, 2, 3].map(() => deleteOld(now, 20)));
    const first = results.reduce((sum, { permits = 0 }) => sum + permits, 0);
    const { permits: rest = 0 } = await deleteOld();
    expect(first + rest).toBe(300);
    expect(await db.$count(tables.permits, eq(tables.permits.account, 'a'))).toBe(1);
  });

  it('do nothing while another one is deleting', async () => {
    const [first] = deletions(retention, now);
    if (!first) throw new Error('no deletions');
    await db.transaction(async (tx) => {
      await tx.execute(sql`select pg_advisory_xact_lock(7223092)`);
      expect(await deleteBatch(db, first, 1)).toBeUndefined();
    });
    expect(await deleteBatch(db, first, 1)).toBe(0);
  });
});

describe('the deletions in a large database', () => {
  it('find outdated rows by an index', async () => {
    for (const { what, delete: statement } of deletions(retention, now)) {
      const plan = await db.transaction(async (tx) => {
        await tx.execute(sql`set local enable_seqscan = off`);
        return (await tx.execute(sql`explain ${statement(10)}`)).rows
          .map((row) => Object.values(row)[0])
          .join('\n');
      });
      // Few rows: one for each rider who has left a club.
      if (what === 'memberships') continue;
      expect(plan, what).not.toContain('Seq Scan');
      expect(plan, what).toContain('Tid Scan');
    }
  });
});
