import { catalog, type PayloadOf } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { accountOf } from '@paceline/shared/limiter';
import { type Bus, publish } from '@paceline/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeHistory } from './history.ts';
import { apiKey, startTestApi, type TestApi } from '../testing/api.ts';
import { testLog } from '@paceline/shared/testing';

let test: TestApi;
let limiter: Bus;
let now: number;
const account = accountOf(apiKey);
const quiet = testLog('history-test');

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
type PermitChanges = PayloadOf<typeof catalog.permitsChanged>['changes'];
const window = { account, endpoint: 'signups' as const };
const started = (permit: string, at: number): PermitChanges => [
  { change: 'started', permit, ...window, lane: 'near_event_normal', at },
];
const settled = (permit: string, at: number, status: number): PermitChanges => [
  { change: 'settled', permit, ...window, at, outcome: { result: 'answered', status } },
];
const publishChanges = (changes: PermitChanges) => publish(limiter, catalog.permitsChanged, { changes });

describe('GET /v1/conflicts', () => {
  it('lists each conflict once, newest first, page by page, although two processes store it', async () => {
    for (let index = 0; index < 30; index += 1)
      await publish(limiter, catalog.conflict, conflict(now + index));
    await publish(limiter, catalog.conflict, conflict(now, 'another'));
    await test.until(async () => expect((await test.get('/v1/conflicts')).body.items).toHaveLength(30));
    const first = (await test.get('/v1/conflicts?limit=20')).body;
    expect(first.items[0]).toEqual({
      at: new Date(now + 29).toISOString(),
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

describe('GET /v1/permits', () => {
  it('lists each permit with the result of its call, even if the result arrives first', async () => {
    await publishChanges([...started('a', now), ...started('b', now + 1)]);
    await publishChanges([...settled('a', now + 500, 200), ...settled('c', now + 900, 429)]);
    await publishChanges([
      ...started('c', now + 2),
      { change: 'returned', permit: 'b', ...window, at: now + 3 },
    ]);
    await publishChanges(started('old', now - 86_400_001));
    await test.until(async () => {
      const { body } = await test.get('/v1/permits?budget=signups');
      expect(body.items).toMatchObject([
        { permit: 'a', lane: 'near_event_normal', result: 'answered', status: 200 },
        { permit: 'b', result: 'not_sent', status: null },
        { permit: 'c', result: 'answered', status: 429, endedAt: new Date(now + 900).toISOString() },
      ]);
    });
    expect((await test.get('/v1/permits?budget=clubs')).body.items).toEqual([]);
    const since = new Date(now - 2 * 86_400_000).toISOString();
    await test.until(async () =>
      expect((await test.get(`/v1/permits?since=${since}`)).body.items).toHaveLength(4),
    );
    expect((await test.get('/v1/permits?since=yesterday')).body.errors).toMatchObject([{ field: 'since' }]);
  });
});

describe('an event of the stream', () => {
  it('is stored once, however often it is received', async () => {
    const event = { name: 'conflict', sequence: 4_711, payload: conflict(now) } as const;
    const permits = {
      name: 'permitsChanged',
      sequence: 4_712,
      payload: { changes: started('d', now) },
    } as const;
    const before = await test.db.$count(tables.conflicts);
    await Promise.all(
      [1, 2, 3].map(() => storeHistory(test.db, [event, permits, event, permits], now, quiet)),
    );
    expect(await test.db.$count(tables.conflicts)).toBe(before + 1);
  });

  it('is skipped if it cannot be stored', async () => {
    await publishChanges([...started('nul\0', now), ...settled('e', now, 99_999_999_999)]);
    await publish(limiter, catalog.conflict, conflict(now + 1_000));
    await test.until(async () => {
      const { body } = await test.get('/v1/conflicts?limit=1');
      expect(body.items).toMatchObject([{ at: new Date(now + 1_000).toISOString() }]);
    });
  });
});
