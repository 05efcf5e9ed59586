import { DrizzleQueryError } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isDatabaseUnavailable, plainError, retryDuringOutage, tables } from '../database/index.ts';
import { loadConfig } from '../config/index.ts';
import { type DedicatedBackend, dedicatedBackend } from '../testing/backend.ts';
import { openSync, type Sync, syncVariables } from './open.ts';
import { runSlot } from './run.ts';
import { openSyncHarness, type SyncHarness } from './testing/harness.ts';

let harness: SyncHarness<DedicatedBackend>;
let postgres: DedicatedBackend['postgres'];

beforeAll(async () => {
  harness = await openSyncHarness({ scale: 1 }, await dedicatedBackend());
  ({ postgres } = harness.backend);
});

afterAll(() => harness?.close());

const syncUntil = (signal: AbortSignal = new AbortController().signal) => {
  const { db, bus, clock } = harness;
  return { db, bus, clock, log: bus.log, signal } as unknown as Sync;
};
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

/** Kills Postgres, and waits until its last children stop answering. */
async function killPostgres(): Promise<void> {
  await postgres.kill();
  await harness.until(async () =>
    expect(isDatabaseUnavailable(await failure(harness.db.execute('select 1')))).toBe(true),
  );
}

it('a sync starts as soon as Postgres is there to say which upstream its rows depend on', async () => {
  await killPostgres();
  const { bus, clock, env } = harness;
  const upstream = { ZWIFTRACING_BASE_URL: 'http://127.0.0.1:1/api', ZWIFTRACING_API_KEY: 'k' };
  const config = loadConfig({ ...env('rider-sync'), ...upstream }, syncVariables);
  const lines: string[] = [];
  const log = Object.assign(Object.create(bus.log) as typeof bus.log, {
    warn: (_: unknown, line: string) => lines.push(line),
  });
  const { signal } = new AbortController();
  const opening = openSync({ name: 'rider-sync', config, clock, log, signal }, 'rider-sync');
  await harness.until(() => expect(lines).toContain('database unavailable, retrying'));
  await postgres.restart();
  const sync = await harness.during(opening);
  await harness.during(sync.close());
});

describe('database work', () => {
  it('is retried until Postgres is back', async () => {
    await killPostgres();
    let times = 0;
    const working = retryDuringOutage(syncUntil(), () => {
      times += 1;
      return harness.db.execute('select 42 as n');
    });
    await harness.until(() => expect(times).toBeGreaterThan(1));
    await postgres.restart();
    expect((await harness.during(working)).rows).toEqual([{ n: 42 }]);
  });

  it('is aborted immediately when shutdown starts', async () => {
    await killPostgres();
    const stopping = new AbortController();
    const working = retryDuringOutage(syncUntil(stopping.signal), () => harness.db.execute('select 1'));
    stopping.abort();
    // Time is stopped, so no pause ends.
    expect(isDatabaseUnavailable(await failure(working))).toBe(true);
    await postgres.restart();
  });

  it('is retried in a transaction too, without crashing the process', async () => {
    let times = 0;
    const working = retryDuringOutage(syncUntil(), () =>
      harness.db.transaction(async (tx) => {
        times += 1;
        if (times === 1) await postgres.kill();
        return tx.execute('select 43 as n');
      }),
    );
    const restarted = (async () => {
      await harness.until(() => expect(times).toBe(1));
      await postgres.restart();
    })();
    expect((await harness.during(working)).rows).toEqual([{ n: 43 }]);
    await restarted;
  });

  it('that has cost nothing yet is left to another process after a minute, which takes none until it can', async () => {
    await killPostgres();
    const now = Math.round(harness.clock.now());
    const slot = {
      slotId: 'slot:released',
      kind: 'rider',
      scheduledFor: now,
      endsAt: now + 600_000,
    } as const;
    const never = async () => expect.unreachable('there is no database');
    const settlement = await harness.during(runSlot(syncUntil(), { ...slot, mode: 'on' }, never, never));
    if (settlement.settle !== 'release') return expect.unreachable();
    expect(settlement.reason).toMatch(/^Database unavailable for 6\d s: /);
    await postgres.restart();
    await harness.during(settlement.ready);
    expect((await harness.db.execute('select 44 as n')).rows).toEqual([{ n: 44 }]);
  });

  it('is left to another process too when the database stays read-only', async () => {
    const now = Math.round(harness.clock.now());
    const times = { scheduledFor: now, endsAt: now + 600_000 };
    const slot = { slotId: 'slot:read-only', kind: 'rider', mode: 'on', ...times } as const;
    const never = async () => expect.unreachable('nothing can be stored');
    await postgres.setReadOnly(true);
    const settlement = await harness.during(runSlot(syncUntil(), slot, never, never));
    if (settlement.settle !== 'release') return expect.unreachable();
    expect(settlement.reason).toMatch(/^Database unavailable for 6\d s: .*read-only/);
    let isReady = false;
    const ready = settlement.ready.then(() => (isReady = true));
    await harness.pass(5_000);
    expect(isReady).toBe(false);
    await postgres.setReadOnly(false);
    await harness.during(ready);
  });

  it('is not retried after any other error', async () => {
    let times = 0;
    const work = () => {
      times += 1;
      return harness.db.execute('select nothing from nowhere');
    };
    const error = await failure(retryDuringOutage(syncUntil(), work));
    expect(times).toBe(1);
    expect(isDatabaseUnavailable(error)).toBe(false);
    expect(error).toBeInstanceOf(DrizzleQueryError);
    expect(plainError(error).message).toBe('relation "nowhere" does not exist');
  });
});

describe('the run of a slot', () => {
  it('resumes after a restart of the database', async () => {
    const scheduledFor = Math.round(harness.clock.now());
    const endsAt = scheduledFor + 600_000;
    const tick = { slotId: 'slot', kind: 'rider', scheduledFor, endsAt, mode: 'on' } as const;
    const plan = async () => ({ endpoint: 'signups' as const, candidates: 0 });
    let times = 0;
    let restarted: Promise<void> | undefined;
    const running = runSlot(
      syncUntil(),
      tick,
      async () => {
        times += 1;
        if (times === 1) {
          await postgres.kill();
          // However fast the restart is, this query fails first.
          const error = await failure(harness.db.select().from(tables.syncRuns));
          restarted = postgres.restart();
          throw error;
        }
        await harness.db.select().from(tables.syncRuns);
        return { state: 'done', error: null, checkpoint: null };
      },
      plan,
    );
    expect(await harness.during(running)).toEqual({ settle: 'done' });
    await restarted;
    expect(times).toBeGreaterThan(1);
    expect(await harness.db.select().from(tables.syncRuns)).toMatchObject([{ state: 'done' }]);
  });
});

describe('a plain error', () => {
  it('is the error itself unless it is a query error', () => {
    const error = new TypeError('x');
    expect(plainError(error)).toBe(error);
    expect(plainError('thrown').message).toBe('thrown');
  });
});
