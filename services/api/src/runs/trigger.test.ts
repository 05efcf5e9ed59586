import { catalog, type Tick } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { done, type WorkConsumer, handle } from '@paceline/shared/messaging';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { runRow } from '../testing/rows.ts';

let test: TestApi;
let handling: WorkConsumer;
const ticks: Tick[] = [];

beforeAll(async () => {
  test = await startTestApi();
  handling = await handle(await test.busOf('event-sync'), catalog.tickNear, async (tick) => {
    ticks.push(tick);
    return done;
  });
});
afterAll(async () => {
  await handling?.stop();
  await test?.stop();
});
beforeEach(async () => {
  // The tick of the previous test may still be in flight.
  await test.quiet();
  ticks.length = 0;
  await test.db.delete(tables.syncRuns);
});

const post = (path: string) => test.post(path, {});
const store = (...rows: Parameters<typeof runRow>[]) =>
  test.db.insert(tables.syncRuns).values(rows.map((row) => runRow(...row)));
const allSynced = { planned: 3, synced: 3, failed: 0, deferred: 0, stored: 60 };

describe('POST /v1/syncs/{kind}/trigger', () => {
  it('starts one run for any number of concurrent requests', async () => {
    await store(['last']);
    const responses = await Promise.all([1, 2, 3].map(() => post('/v1/syncs/near/trigger')));
    const [{ status, headers, body }] = responses as [(typeof responses)[number]];
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/v1/runs/${body.runId}`);
    expect(responses.map((each) => each.body.runId)).toEqual([body.runId, body.runId, body.runId]);
    expect(responses.filter((each) => !each.body.already)).toHaveLength(1);
    await test.until(() => expect(ticks).toHaveLength(1));
    expect(ticks[0]).toMatchObject({ kind: 'near', mode: 'on', runId: body.runId });
    expect(ticks[0]?.continues).toBeUndefined();
  });

  it('starts another one after that has ended', async () => {
    const first = (await post('/v1/syncs/near/trigger')).body;
    await store([first.runId]);
    const second = (await post('/v1/syncs/near/trigger')).body;
    expect(second).toMatchObject({ already: false });
    expect(second.runId).not.toBe(first.runId);
  });

  it('returns the run that is in progress', async () => {
    await store(['now', { state: 'running', finishedAt: null }]);
    expect((await post('/v1/syncs/near/trigger')).body).toEqual({
      runId: 'now',
      already: true,
      reason: null,
    });
    await test.quiet();
    expect(ticks).toEqual([]);
  });

  it('rejects an unknown kind', async () => {
    const { status, body } = await test.post('/v1/syncs/yearly/trigger', {});
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ field: 'kind' }]);
  });
});

describe('POST /v1/runs/{id}/retry', () => {
  it('starts one run that continues the failed and deferred work', async () => {
    await store(['half']);
    const [first, again] = [await post('/v1/runs/half/retry'), await post('/v1/runs/half/retry')];
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(again.body).toEqual({ runId: first.body.runId, already: true, reason: null });
    await test.until(() => expect(ticks).toMatchObject([{ continues: 'half', runId: first.body.runId }]));
  });

  it.each([
    ['is still running', { state: 'running', counts: allSynced }],
    ['has no failed or deferred work', { state: 'done', counts: allSynced }],
  ] as const)('is rejected if the run %s', async (_, row) => {
    await store(['run', row]);
    const { status, body } = await post('/v1/runs/run/retry');
    expect(status).toBe(409);
    expect(body.type).toBe('/docs/problems#invalid-state');
    expect((await post('/v1/runs/none/retry')).status).toBe(404);
  });
});
