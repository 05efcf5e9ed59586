import { catalog } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { accountOf } from '@paceline/shared/limiter';
import { type Bus, publish } from '@paceline/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeConflicts } from './conflicts.ts';
import { apiKey, startTestApi, type TestApi } from '../testing/api.ts';
import { testLog } from '@paceline/shared/testing';

let test: TestApi;
let limiter: Bus;
let now: number;
const account = accountOf(apiKey);
const quiet = testLog('conflicts-test');

beforeAll(async () => {
  test = await startTestApi();
  await test.startAnother();
  limiter = await test.busOf('limiter');
  now = Math.floor(test.clock.now());
});
afterAll(() => test?.stop());

const conflict = (at: number, of = account) => ({
  account: of,
  lane: 'far_event_sync' as const,
  blockedBy: 'near_event_urgent' as const,
  endpoint: 'signups' as const,
  at,
  expectedWaitMs: 90_000,
});
describe('GET /v1/conflicts', () => {
  it('lists each conflict once, newest first, page by page, although two processes store it', async () => {
    for (let index = 0; index < 30; index += 1)
      await publish(limiter, catalog.conflict, conflict(now + index));
    await publish(limiter, catalog.conflict, conflict(now, 'another'));
    await test.until(async () => expect((await test.get('/v1/conflicts')).body.items).toHaveLength(30));
    const first = (await test.get('/v1/conflicts?limit=20')).body;
    expect(first.items[0]).toEqual({
      at: new Date(now + 29).toISOString(),
      upstream: 'zwiftracing',
      budget: 'signups',
      blocked: 'far_event_sync',
      blockedBy: 'near_event_urgent',
      expectedWaitSeconds: 90,
    });
    const second = (await test.get(`/v1/conflicts?limit=20&cursor=${first.next}`)).body;
    const times = [...first.items, ...second.items].map(({ at }: { at: string }) => Date.parse(at) - now);
    expect(times).toEqual(Array.from({ length: 30 }, (_, index) => 29 - index));
    expect(second.next).toBeNull();
  });
});

describe('a conflict', () => {
  it('is stored once, however often it is received', async () => {
    const event = { name: 'conflict', sequence: 4_711, payload: conflict(now) } as const;
    const before = await test.db.$count(tables.conflicts);
    await Promise.all([1, 2, 3].map(() => storeConflicts(test.db, [event, event], quiet)));
    expect(await test.db.$count(tables.conflicts)).toBe(before + 1);
  });

  it('is skipped if it cannot be stored', async () => {
    await publish(limiter, catalog.conflict, conflict(now, 'nul\0'));
    await publish(limiter, catalog.conflict, conflict(now + 1_000));
    await test.until(async () => {
      const { body } = await test.get('/v1/conflicts?limit=1');
      expect(body.items).toMatchObject([{ at: new Date(now + 1_000).toISOString() }]);
    });
  });
});
