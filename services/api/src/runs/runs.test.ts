import { tables } from '@paceline/shared/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { callRow, eventRow, runRow, someTime } from '../testing/rows.ts';

let test: TestApi;

beforeAll(async () => {
  test = await startTestApi({ env: { API_TRACE_URL: 'http://traces.test/trace/:id' } });
  await test.db.insert(tables.syncRuns).values([
    runRow('run-1', {
      checkpoint: { secret: 'of the sync' },
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    }),
    runRow('run-2', {
      kind: 'far',
      state: 'failed',
      error: 'the database went down',
      startedAt: someTime + 1,
    }),
    runRow('run-3', {
      state: 'running',
      finishedAt: null,
      startedAt: someTime + 2,
      waitingFor: { budget: 'riders_bulk', until: someTime + 600_000 },
    }),
    runRow('run-4', {
      kind: 'rider',
      startedAt: someTime + 2,
      waitingFor: { budget: 'clubs', until: someTime },
    }),
  ]);
  await test.db.insert(tables.events).values(eventRow('7', { title: 'A race', startsAt: someTime }));
  await test.db.insert(tables.syncLogs).values([
    callRow('run-1', { target: 'second', startedAt: someTime + 5_000, status: null, message: 'timed out' }),
    callRow('run-4', { unreadable: [unreadable('4500012'), unreadable('4500025'), unreadable(null)] }),
    callRow('run-4', { unreadable: [unreadable('4500025')] }),
    callRow('run-1', {
      target: '7',
      because: 'soon_older_than_goal',
      freshUntil: someTime,
      rawStart: '<html>',
    }),
    callRow('run-2'),
  ]);
});
afterAll(() => test?.stop());

const unreadable = (id: string | null) => ({ id, reason: 'name: expected string' });

interface ListResponse {
  body: { items: Array<{ runId: string }> };
}
const ids = ({ body }: ListResponse) => body.items.map(({ runId }) => runId);

describe('GET /v1/runs', () => {
  it('lists runs, newest first, page by page', async () => {
    const first = await test.get('/v1/runs?limit=3');
    expect(ids(first)).toEqual(['run-4', 'run-3', 'run-2']);
    const second = await test.get(`/v1/runs?limit=3&cursor=${first.body.next}`);
    expect(ids(second)).toEqual(['run-1']);
    expect(second.body.next).toBeNull();
  });

  it('returns each with its slot and counts', async () => {
    const { body } = await test.get('/v1/runs');
    expect(body.items.at(-1)).toEqual({
      runId: 'run-1',
      kind: 'near',
      state: 'done',
      mode: 'on',
      slot: {
        slotId: 'slot:near:run-1',
        opensAt: '2026-03-01T12:00:00.000Z',
        closesAt: '2026-03-01T12:12:00.000Z',
      },
      startedAt: '2026-03-01T12:00:00.000Z',
      finishedAt: '2026-03-01T12:01:00.000Z',
      counts: { planned: 3, synced: 2, failed: 0, deferred: 1, stored: 60 },
      unreadable: { count: 0, ids: [] },
      waitingFor: null,
      reason: null,
      traceId: '0af7651916cd43dd8448eb211c80319c',
    });
    expect(body.items[1]).toMatchObject({
      state: 'running',
      finishedAt: null,
      waitingFor: { budget: 'riders_bulk', until: '2026-03-01T12:10:00.000Z' },
    });
    // Left by a run that has ended since.
    expect(body.items[0]).toMatchObject({ state: 'done', waitingFor: null });
    expect(body.items[2]).toMatchObject({ reason: 'the database went down' });
  });

  it('counts and names what could not be read in its calls, each item once', async () => {
    const expected = { count: 3, ids: ['4500012', '4500025'] };
    expect((await test.get('/v1/runs?kind=rider')).body.items[0]).toMatchObject({ unreadable: expected });
    const { body } = await test.get('/v1/runs/run-4');
    expect(body.unreadable).toEqual(expected);
    expect(body.calls.map((call: { unreadable: unknown }) => call.unreadable)).toEqual([
      [unreadable('4500012'), unreadable('4500025'), unreadable(null)],
      [unreadable('4500025')],
    ]);
  });

  it('filters by kind and state', async () => {
    expect(ids(await test.get('/v1/runs?kind=near'))).toEqual(['run-3', 'run-1']);
    expect(ids(await test.get('/v1/runs?state=failed'))).toEqual(['run-2']);
    expect(ids(await test.get('/v1/runs?kind=rider&state=failed'))).toEqual([]);
  });

  it.each(['kind', 'state'])('rejects an unknown %s', async (field) => {
    const { status, body } = await test.get(`/v1/runs?${field}=other`);
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ field, message: expect.stringMatching(/^must be one of/) }]);
  });
});

describe('GET /v1/runs/:runId', () => {
  it('returns the calls in order', async () => {
    const { status, body } = await test.get('/v1/runs/run-1');
    expect(status).toBe(200);
    expect(body).toMatchObject({ runId: 'run-1', counts: { synced: 2 } });
    expect(body.traceUrl).toBe('http://traces.test/trace/0af7651916cd43dd8448eb211c80319c');
    expect(body.calls).toEqual([
      {
        callId: expect.any(Number),
        budget: 'signups',
        target: '7',
        event: { title: 'A race', startsAt: '2026-03-01T12:00:00.000Z' },
        reason: 'soon_older_than_goal',
        freshUntil: '2026-03-01T12:00:00.000Z',
        status: 200,
        message: 'ok',
        startedAt: '2026-03-01T12:00:00.000Z',
        durationSeconds: 0.321,
        rawStart: '<html>',
        unreadable: [],
      },
      expect.objectContaining({ target: 'second', event: null, status: null, message: 'timed out' }),
    ]);
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  it('returns 404 for an unknown run, and rejects an invalid id', async () => {
    expect((await test.get('/v1/runs/run-9')).status).toBe(404);
    const { status, body } = await test.get('/v1/runs/%20');
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ field: 'runId' }]);
  });
});
