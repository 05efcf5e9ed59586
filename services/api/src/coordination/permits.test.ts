import { tables } from '@paceline/shared/database';
import { accountOf } from '@paceline/shared/limiter';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { apiKey, startTestApi, type TestApi } from '../testing/api.ts';
import { callRow } from '../testing/rows.ts';

let test: TestApi;
beforeAll(async () => {
  test = await startTestApi();
});
afterAll(() => test?.stop());

it('GET /v1/permits lists each recorded call of the account with its result, oldest first', async () => {
  const now = Math.floor(test.clock.now());
  const call = (permit: string | null, startedAt: number, end: Parameters<typeof callRow>[1] = {}) =>
    callRow('run', {
      permit,
      account: accountOf(apiKey),
      lane: 'near_event_normal',
      startedAt,
      status: null,
      durationMs: null,
      ...end,
    });
  await test.db.insert(tables.syncLogs).values([
    call('rejected', now - 10, {
      durationMs: 500,
      status: 429,
      because: 'never_fetched',
      freshUntil: now + 60_000,
    }),
    call('lost', now - 20, { durationMs: 900 }),
    call('under way', now - 5),
    call('old', now - 86_400_001, { durationMs: 1, status: 200 }),
    call('of another key', now - 3, { account: 'another' }),
    call(null, now - 2),
  ]);
  const { items } = (await test.get('/v1/permits?budget=signups')).body;
  const started = (ms: number) => new Date(now - ms).toISOString();
  const common = {
    upstream: 'zwiftracing',
    endpoint: 'signups',
    budgets: ['signups'],
    lane: 'near_event_normal',
    target: '5230192',
  };
  const noChoice = { program: null, reason: null, freshUntil: null };
  expect(items).toEqual([
    {
      permitId: 'lost',
      ...common,
      ...noChoice,
      startedAt: started(20),
      finishedAt: started(-880),
      result: 'unanswered',
      status: null,
    },
    {
      permitId: 'rejected',
      ...common,
      program: null,
      reason: 'never_fetched',
      freshUntil: started(-60_000),
      startedAt: started(10),
      finishedAt: started(-490),
      result: 'answered',
      status: 429,
    },
    {
      permitId: 'under way',
      ...common,
      ...noChoice,
      startedAt: started(5),
      finishedAt: null,
      result: null,
      status: null,
    },
  ]);
  expect((await test.get('/v1/permits?budget=clubs')).body.items).toEqual([]);
  const first = (await test.get('/v1/permits?limit=2')).body;
  const rest = (await test.get(`/v1/permits?limit=2&cursor=${first.next}`)).body;
  expect([...first.items, ...rest.items]).toEqual(items);
  const since = new Date(now - 2 * 86_400_000).toISOString();
  expect((await test.get(`/v1/permits?since=${since}`)).body.items).toHaveLength(4);
  expect((await test.get('/v1/permits?budget=none')).body.errors).toMatchObject([{ field: 'budget' }]);
  expect((await test.get('/v1/permits?since=yesterday')).body.errors).toMatchObject([{ field: 'since' }]);
});
