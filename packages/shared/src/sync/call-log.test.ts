import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { createVirtualClock } from '../clock/index.ts';
import type { Outcome } from '../contracts/index.ts';
import { type DatabaseClient, openDatabase, tables } from '../database/index.ts';
import { accountOf, partitionOf, type Permit, PermitSpent } from '../limiter/index.ts';
import { newDatabaseUrl } from '../testing/database.ts';
import { testLog } from '../testing/log.ts';
import { recordEnd, recordStart, removeStart } from './call-log.ts';
import type { Sync } from './open.ts';

const { syncLogs, limiterTerms } = tables;
const account = accountOf('key');
const partition = partitionOf(account);
const call = {
  endpoint: 'clubs',
  lane: 'rider_sync',
  target: '20650',
  because: null,
  freshUntil: null,
  startedAt: 1_000,
  runId: 'run-1',
} as const;

let url: string;
let database: DatabaseClient;
let sync: Sync;

beforeAll(async () => {
  url = await newDatabaseUrl();
  database = openDatabase(url, () => undefined);
  const log = testLog('call-log-test');
  const clock = createVirtualClock();
  sync = {
    db: database.db,
    account,
    clock,
    log,
    signal: new AbortController().signal,
  } as Partial<Sync> as Sync;
});

afterEach(async () => {
  await database.db.delete(syncLogs);
  await database.db.delete(limiterTerms);
});
afterAll(() => database?.close());

/** A started permit, and the outcomes that its caller has reported. */
function permitUnder(term: number) {
  const outcomes: Outcome[] = [];
  const permit = { id: `1-1-${crypto.randomUUID()}`, endpoint: 'clubs', term, use: vi.fn<() => void>() };
  const settle = (outcome: Outcome) => void outcomes.push(outcome);
  return { permit: { ...permit, settle } as unknown as Permit<'clubs'>, outcomes };
}
const startTerm = (term: number) => database.db.insert(limiterTerms).values({ partition, term });
const rows = () => database.db.select().from(syncLogs);

it('a call is recorded before it is sent, and its outcome afterwards', async () => {
  await startTerm(3);
  const { permit } = permitUnder(3);
  await recordStart(sync, permit, call);
  const about = {
    permit: permit.id,
    partition,
    account,
    lane: 'rider_sync',
    runId: 'run-1',
    target: '20650',
  };
  expect(await rows()).toEqual([expect.objectContaining({ ...about, durationMs: null, endedAt: null })]);
  await recordEnd(sync, { permit: permit.id, status: 200, message: '120 riders', durationMs: 80 });
  const ended = { status: 200, message: '120 riders', durationMs: 80, endedAt: expect.any(Number) };
  expect(await rows()).toEqual([expect.objectContaining({ ...about, ...ended })]);
});

it('a call under an earlier term than the latest is refused, and its permit returned as superseded', async () => {
  await startTerm(4);
  const { permit, outcomes } = permitUnder(3);
  await expect(recordStart(sync, permit, call)).rejects.toThrow(PermitSpent);
  expect(outcomes).toEqual([{ result: 'not_sent', superseded: true }]);
  expect(await rows()).toEqual([]);
});

it('a call is refused by a term that starts while it is being recorded', async () => {
  await startTerm(3);
  const { permit } = permitUnder(3);
  const other = openDatabase(url, () => undefined);
  let recording: Promise<unknown> | undefined;
  await other.db.transaction(async (tx) => {
    await tx.update(limiterTerms).set({ term: 4 }).where(eq(limiterTerms.partition, partition));
    recording = recordStart(sync, permit, call);
    recording.catch(() => undefined);
    // It waits for the row that this transaction has locked.
    await vi.waitFor(async () => {
      const { rows: waiting } = await other.db.execute(
        `select 1 from pg_stat_activity where wait_event_type = 'Lock'`,
      );
      expect(waiting.length).toBeGreaterThan(0);
    });
  });
  await expect(recording).rejects.toThrow(PermitSpent);
  await other.close();
  expect(await rows()).toEqual([]);
});

it('a call that was not sent leaves no record', async () => {
  const { permit } = permitUnder(0);
  await recordStart(sync, permit, call);
  await removeStart(sync, permit);
  expect(await rows()).toEqual([]);
});
