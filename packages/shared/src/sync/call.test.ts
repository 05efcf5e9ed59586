import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { createVirtualClock } from '../clock/index.ts';
import type { Outcome } from '../contracts/index.ts';
import { type DatabaseClient, openDatabase, tables } from '../database/index.ts';
import { accountOf, partitionOf, type Permit, PermitSpent } from '../limiter/index.ts';
import { newDatabaseUrl } from '../testing/database.ts';
import { testLog } from '../testing/log.ts';
import { callUpstream } from './call.ts';
import type { Sync } from './open.ts';

const { syncLogs, limiterTerms } = tables;
const account = accountOf('key');
const partition = partitionOf(account);

let database: DatabaseClient;
beforeAll(async () => {
  database = openDatabase(await newDatabaseUrl(), () => undefined);
});
afterEach(async () => {
  await database.db.delete(syncLogs);
  await database.db.delete(limiterTerms);
});
afterAll(() => database?.close());

/** A sync whose limiter grants a permit under each of these terms in turn, and the number of rows when each was settled. */
function syncWith(terms: readonly number[]) {
  const outcomes: Array<Outcome & { rows: number }> = [];
  const clock = createVirtualClock();
  let granted = 0;
  const limiter: Partial<Sync['limiter']> = {
    async withPermit(options, use) {
      const term = terms[granted] ?? 0;
      granted += 1;
      let settled: Outcome | undefined;
      const permit = {
        id: `${granted}-1-ticket`,
        endpoint: options.endpoint,
        term,
        use: () => undefined,
        settle: (outcome: Outcome) => (settled ??= outcome),
      };
      try {
        return await use(permit as unknown as Permit<typeof options.endpoint>);
      } finally {
        outcomes.push({ ...(settled ?? { result: 'not_sent' }), rows: await database.db.$count(syncLogs) });
      }
    },
  };
  const sources = {
    requireAvailable: async () => undefined,
    claimProbe: async () => undefined,
    recordCall: async () => undefined,
  };
  const sync = {
    db: database.db,
    account,
    clock,
    limiter,
    sources,
    log: testLog('call-test'),
    signal: new AbortController().signal,
  } as unknown as Sync;
  return { sync, clock, outcomes };
}

/** Lets time pass until the work is done: the pause before a retry starts only after the database has answered. */
async function advanceUntil<T>(clock: ReturnType<typeof createVirtualClock>, work: Promise<T>): Promise<T> {
  let isDone = false;
  const end = () => (isDone = true);
  work.then(end, end);
  await vi.waitFor(
    async () => {
      await clock.advance(1_000);
      expect(isDone).toBe(true);
    },
    { timeout: 60_000 },
  );
  return work;
}

const call = (sync: Sync, send: () => Promise<number>) =>
  callUpstream(sync, {
    endpoint: 'clubs',
    lane: 'rider_sync',
    owner: { runId: 'run-1' },
    choose: async () => ({
      target: '20650',
      because: 'never_fetched',
      freshUntil: 3_600_000,
      send,
      outcome: () => ({ status: 200, message: 'fetched' }),
    }),
  });

it('a call is in the call log before it is sent, with the reason and until when its answer is fresh', async () => {
  const { sync } = syncWith([0]);
  await call(sync, async () => {
    const chosen = { target: '20650', because: 'never_fetched', freshUntil: 3_600_000 };
    expect(await database.db.select().from(syncLogs)).toMatchObject([{ ...chosen, durationMs: null }]);
    return 1;
  });
  expect(await database.db.select().from(syncLogs)).toMatchObject([{ status: 200, message: 'fetched' }]);
});

it('a call that was too late to be sent leaves the call log before its permit is returned', async () => {
  const { sync, clock, outcomes } = syncWith([0, 0]);
  let sends = 0;
  const calling = call(sync, async () => {
    sends += 1;
    if (sends === 1) throw new PermitSpent('too late to send');
    return 1;
  });
  expect(await advanceUntil(clock, calling)).toBe(1);
  expect(outcomes.map(({ rows }) => rows)).toEqual([0, 1]);
});

it('a call under an earlier term is not sent, and made with another permit', async () => {
  await database.db.insert(limiterTerms).values({ partition, term: 2 });
  const { sync, clock, outcomes } = syncWith([1, 2]);
  let sends = 0;
  const calling = call(sync, async () => (sends += 1));
  expect(await advanceUntil(clock, calling)).toBe(1);
  expect(outcomes).toMatchObject([{ result: 'not_sent', superseded: true, rows: 0 }, { rows: 1 }]);
});
