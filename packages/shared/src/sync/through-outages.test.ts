import { DrizzleQueryError } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DatabaseClient, openDatabase } from '../database/index.ts';
import { createClock } from '../clock/index.ts';
import { createLogger } from '../telemetry/index.ts';
import { eventually, type TestPostgres, testPostgres } from '../testing/index.ts';
import { isDatabaseAway } from '../database/index.ts';
import { plainError } from './plain-error.ts';
import { throughOutages } from './through-outages.ts';

const log = createLogger('outages-test', 'silent' as 'error');
const clock = createClock();
let postgres: TestPostgres;
let database: DatabaseClient;

beforeAll(async () => {
  postgres = await testPostgres();
  database = openDatabase(postgres.url, () => undefined);
});

afterAll(async () => {
  await database?.close();
  await postgres?.stop();
});

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

/** Kills Postgres; its last children may still answer for a moment. */
async function takeAway(): Promise<void> {
  await postgres.kill();
  await eventually(async () =>
    expect(isDatabaseAway(await failure(database.db.execute('select 1')))).toBe(true),
  );
}

describe('work on the database', () => {
  it('goes on when Postgres is back', async () => {
    await takeAway();
    const { signal } = new AbortController();
    const working = throughOutages({ clock, log, signal }, () => database.db.execute('select 42 as n'));
    await postgres.restart();
    expect((await working).rows).toEqual([{ n: 42 }]);
  });

  it('is given up at once when shutdown begins', async () => {
    await takeAway();
    const stopping = new AbortController();
    const working = throughOutages({ clock, log, signal: stopping.signal }, () =>
      database.db.execute('select 1'),
    );
    stopping.abort();
    expect(isDatabaseAway(await failure(working))).toBe(true);
    await postgres.restart();
  });

  it('within a transaction goes on too, and ends no process', async () => {
    const { signal } = new AbortController();
    let times = 0;
    const working = throughOutages({ clock, log, signal }, () =>
      database.db.transaction(async (tx) => {
        times += 1;
        if (times === 1) await postgres.kill();
        return tx.execute('select 43 as n');
      }),
    );
    await eventually(() => expect(times).toBe(1));
    await postgres.restart();
    expect((await working).rows).toEqual([{ n: 43 }]);
  });

  it('that is wrong is not repeated', async () => {
    let times = 0;
    const { signal } = new AbortController();
    const work = () => {
      times += 1;
      return database.db.execute('select nothing from nowhere');
    };
    const error = await failure(throughOutages({ clock, log, signal }, work));
    expect(times).toBe(1);
    expect(isDatabaseAway(error)).toBe(false);
    expect(error).toBeInstanceOf(DrizzleQueryError);
    expect(plainError(error).message).toBe('relation "nowhere" does not exist');
  });
});

describe('an error told plainly', () => {
  it('is itself, when it is no query', () => {
    const error = new TypeError('x');
    expect(plainError(error)).toBe(error);
    expect(plainError('thrown').message).toBe('thrown');
  });
});
