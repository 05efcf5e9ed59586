import { DrizzleQueryError } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DatabaseClient, openDatabase } from '../database/index.ts';
import { createLogger } from '../telemetry/index.ts';
import { type TestPostgres, testPostgres } from '../testing/index.ts';
import { isDatabaseAway } from './database-away.ts';
import { plainError } from './plain-error.ts';
import { throughOutages } from './through-outages.ts';

const log = createLogger('outages-test', 'silent' as 'error');
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

describe('work on the database', () => {
  it('goes on when Postgres is back', async () => {
    await postgres.kill();
    expect(isDatabaseAway(await failure(database.db.execute('select 1')))).toBe(true);
    const { signal } = new AbortController();
    const working = throughOutages({ log, signal }, () => database.db.execute('select 42 as n'));
    await postgres.restart();
    expect((await working).rows).toEqual([{ n: 42 }]);
  });

  it('is given up at once when shutdown begins', async () => {
    await postgres.kill();
    const stopping = new AbortController();
    const working = throughOutages({ log, signal: stopping.signal }, () => database.db.execute('select 1'));
    stopping.abort();
    expect(isDatabaseAway(await failure(working))).toBe(true);
    await postgres.restart();
  });

  it('that is wrong is not repeated', async () => {
    let times = 0;
    const { signal } = new AbortController();
    const work = () => {
      times += 1;
      return database.db.execute('select nothing from nowhere');
    };
    const error = await failure(throughOutages({ log, signal }, work));
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
