import { catalog } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import type { Lane } from '@paceline/shared/definition';
import { accountOf } from '@paceline/shared/limiter';
import { publish } from '@paceline/shared/messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { callRow } from '../testing/rows.ts';
import { watch } from '../testing/sse.ts';

const account = accountOf('hush', 'strava');
let test: TestApi;
beforeAll(async () => {
  const env = { UPSTREAMS: 'zwiftracing,strava', API_UPSTREAMS: 'strava', STRAVA_TOKEN: 'hush' };
  test = await startTestApi({ env: { ...env, STRAVA_BASE_URL: 'http://127.0.0.1:9/api' } });
});
afterAll(() => test?.stop());

it('GET /v1/permits lists the calls of programs to another upstream by its name', async () => {
  const startedAt = Math.floor(test.clock.now());
  const common = { startedAt, account, lane: 'background' as Lane, runId: null };
  await test.db.insert(tables.syncLogs).values([
    { ...callRow('run', { permit: 'a', endpoint: 'read', caller: 'export' }), ...common },
    { ...callRow('run', { permit: 'b', endpoint: 'upload', caller: 'export' }), ...common },
  ]);
  const { items } = (await test.get('/v1/permits')).body;
  expect(items).toMatchObject([
    { permitId: 'a', budget: 'strava:read', program: 'export' },
    { permitId: 'b', budget: 'strava:upload' },
  ]);
  expect((await test.get('/v1/permits?budget=strava:upload')).body.items).toEqual([items[1]]);
  expect((await test.get('/v1/permits?budget=signups')).body.items).toEqual([]);
  const { status, body } = await test.get('/v1/permits?budget=strava:reed');
  expect([status, body.detail]).toEqual([400, expect.stringContaining('strava:read, strava:change')]);
});

it('a conflict of another upstream is listed and streamed by its name', async () => {
  const viewer = await test.until(() => watch(`${test.api.url}/v1/stream?types=conflict`));
  const limiter = await test.busOf('limiter');
  const at = Math.floor(test.clock.now());
  const conflict = { endpoint: 'read', lane: 'background', blockedBy: 'person', at, expectedWaitMs: 1_500 };
  await publish(limiter, catalog.conflict, { ...conflict, account });
  const shown = { budget: 'strava:read', blocked: 'background', blockedBy: 'person' };
  await test.until(() => expect(viewer.events).toMatchObject([{ type: 'conflict', data: shown }]));
  await test.until(async () => expect((await test.get('/v1/conflicts')).body.items).toMatchObject([shown]));
  viewer.stop();
});
