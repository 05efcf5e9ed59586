import { tables } from '@paceline/shared/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cancelled } from '../commands/cancel.ts';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { callRow, commandRow, runRow, someTime } from '../testing/rows.ts';

let test: TestApi;
const minute = 60_000;
const kept = 'they are kept until another response confirms it';
const since = new Date(someTime).toISOString();

beforeAll(async () => {
  test = await startTestApi();
  await test.db.insert(tables.syncRuns).values([
    runRow('fine'),
    runRow('broken', {
      state: 'failed',
      error: 'No process continued the run',
      finishedAt: someTime + 2 * minute,
    }),
    runRow('partly', {
      kind: 'far',
      state: 'partly_failed',
      counts: { planned: 5, synced: 4, failed: 1, deferred: 0, stored: 9 },
      finishedAt: someTime + 3 * minute,
    }),
    runRow('long-ago', { state: 'failed', error: 'old', finishedAt: someTime - minute }),
  ]);
  await test.db.insert(tables.syncLogs).values([
    callRow('partly'),
    callRow('partly', {
      target: '77',
      status: 503,
      message: 'ZwiftRacing answered 503',
      startedAt: someTime + minute,
    }),
    callRow('partly', {
      target: '78',
      status: null,
      message: 'timed out',
      startedAt: someTime + minute + 1,
    }),
    callRow('partly', {
      target: '79',
      rawStart: '<html>',
      message: 'a web page',
      startedAt: someTime + minute + 2,
    }),
    callRow('partly', { endpoint: 'results', target: '80', status: 404, startedAt: someTime + minute + 3 }),
  ]);
  await test.db.insert(tables.doubts).values([
    { subject: 'signups:81', since: someTime, lastAt: someTime + 6 * minute, known: 40, present: 0 },
    { subject: 'events:upcoming', since: someTime, lastAt: someTime + 5.5 * minute, known: 9, present: 1 },
    { subject: 'club:12', since: 0, lastAt: someTime - 1, known: 120, present: 0 },
  ]);
  const failed = { state: 'failed', reason: 'ZwiftRacing has no rider 404' } as const;
  const finishedAt = someTime + 4 * minute;
  await test.db
    .insert(tables.commands)
    .values([
      commandRow('add', { riderId: 404, progress: failed, finishedAt }),
      commandRow('cancelled', { riderId: 405, progress: cancelled, finishedAt }),
      commandRow('import', { riderId: null, type: 'import-riders', progress: { state: 'done' } }),
    ]);
  const imported = {
    commandId: 'import',
    why: 'import',
    freshFrom: someTime,
    since: someTime,
    outcome: 'failed',
    endedAt: someTime + 5 * minute,
  } as const;
  await test.db.insert(tables.wantedRiders).values([
    { ...imported, riderId: 12, reason: 'ZwiftRacing has no rider 12' },
    { ...imported, riderId: 13, reason: cancelled.reason },
  ]);
});
afterAll(() => test?.stop());

describe('GET /v1/failures', () => {
  it('lists failed runs, calls, lists in doubt, commands and riders, not cancelled ones, newest first', async () => {
    const { body } = await test.get(`/v1/failures?since=${since}`);
    expect(
      body.items.map((each: Record<string, unknown>) => [each['type'], each['what'], each['reason']]),
    ).toEqual([
      ['list', 'signups of event 81', `the response has 0 of 40 stored signups; ${kept}`],
      ['list', 'event list', `the response has 1 of 9 stored events; ${kept}`],
      ['rider', 'rider 12', 'ZwiftRacing has no rider 12'],
      ['command', 'add rider 404', 'ZwiftRacing has no rider 404'],
      ['run', 'far sync', '1 of 5 failed'],
      ['run', 'near sync', 'No process continued the run'],
      ['call', 'signups 79', 'a web page'],
      ['call', 'signups 78', 'timed out'],
      ['call', 'signups 77', 'ZwiftRacing answered 503'],
    ]);
    expect(body).toMatchObject({ since, complete: true });
  });

  it('says when there are more than the limit', async () => {
    const { body } = await test.get(`/v1/failures?since=${since}&limit=2`);
    expect(body.items).toHaveLength(2);
    expect(body.complete).toBe(false);
  });
});
