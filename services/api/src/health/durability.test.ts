import { recordDurability } from '@paceline/shared/messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';

let test: TestApi;

beforeAll(async () => {
  test = await startTestApi();
});
afterAll(() => test?.stop());

const durability = async () => (await test.get('/v1/health')).body.durability;

it('GET /v1/health names a broker whose durability is not proven, until a provisioning proves it', async () => {
  await test.until(async () =>
    expect(await durability()).toMatchObject({
      sync: 'unknown',
      title: expect.stringContaining('not known'),
      reason: expect.stringContaining('it has not run since'),
      advice: expect.stringContaining('NATS_MONITOR_URL'),
    }),
  );
  await recordDurability(test.backend.admin, { sync: 'interval', intervalMs: 120_000 });
  await test.until(
    async () =>
      expect(await durability()).toMatchObject({
        sync: 'interval',
        reason: expect.stringContaining('120 s'),
      }),
    70_000,
  );
  await recordDurability(test.backend.admin, { sync: 'always' });
  await test.until(
    async () =>
      expect(await durability()).toEqual({ sync: 'always', title: null, reason: null, advice: null }),
    70_000,
  );
  expect((await test.get('/v1/health')).body.healthy).toBe(true);
});
