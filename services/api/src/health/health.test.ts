import { tables } from '@paceline/shared/database';
import { accountOf } from '@paceline/shared/limiter';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiKey, startTestApi, type TestApi } from '../testing/api.ts';
import { callRow } from '../testing/rows.ts';

let test: TestApi;
let limiter: { leave(): void };

beforeAll(async () => {
  test = await startTestApi({ running: ['scheduler'] });
  limiter = await test.announce('limiter');
});
afterAll(() => test?.stop());

const partOf = async (name: string) => {
  const { body } = await test.get('/v1/health');
  return body.parts.find(({ part }: { part: string }) => part === name);
};
const openAlerts = async (): Promise<string[]> => {
  const { body } = await test.get('/v1/alerts?state=open&type=part_down');
  return body.items.map(({ title }: { title: string }) => title);
};

describe('a command or sync without its service', () => {
  it('is accepted, and says immediately that no service is running', async () => {
    const riderSync = await test.announce('rider-sync');
    await test.until(async () => expect((await partOf('rider-sync')).state).toBe('up'));
    riderSync.leave();
    await test.until(async () => expect((await partOf('rider-sync')).state).toBe('down'));
    const reason = 'No rider-sync is running';
    const waiting = { state: 'waiting_for_service', reason, position: null, estimatedAt: null };
    const { status, body } = await test.post('/v1/riders', { riderId: 4500001 }, { prefer: 'wait=20' });
    expect({ status, body }).toMatchObject({ status: 202, body: waiting });
    expect((await test.get(`/v1/commands/${body.commandId}`)).body).toMatchObject(waiting);
    expect((await test.get('/v1/commands')).body.items).toMatchObject([waiting]);
    const imported = await test.post('/v1/riders/import', { riderIds: [4500002] });
    expect(imported).toMatchObject({ status: 202, body: waiting });
    await test.until(async () => expect((await partOf('event-sync')).state).toBe('down'));
    expect(await test.post('/v1/syncs/near/trigger', {})).toMatchObject({
      status: 202,
      body: { reason: 'No event-sync is running' },
    });
    await test.announce('rider-sync');
    await test.until(async () =>
      expect((await test.get(`/v1/commands/${body.commandId}`)).body.state).toBe('waiting_in_line'),
    );
  });
});

describe('GET /v1/health', () => {
  it('judges the upstream of the syncs by its own calls, not by those of another upstream', async () => {
    const now = Math.floor(test.clock.now());
    const call = (account: string, startedAt: number, status: number | null) =>
      callRow('run', { permit: `${startedAt}`, account, startedAt, status });
    await test.db
      .insert(tables.syncLogs)
      .values([
        call(accountOf(apiKey), now - 3_000, 200),
        call(accountOf('token', 'strava'), now - 2_000, 502),
        call(accountOf('token', 'strava'), now - 1_000, null),
      ]);
    await test.until(async () => expect((await partOf('upstream')).state).toBe('up'));
  });

  it('names a service that does not run, with the same texts as its alert', async () => {
    const part = await test.until(async () => {
      const found = await partOf('event-sync');
      expect(found.state).toBe('down');
      return found;
    });
    expect(part).toMatchObject({ title: 'No event-sync is running', since: expect.any(String) });
    await test.until(async () => expect(await openAlerts()).toEqual([part.title]));
    const { body } = await test.get('/v1/alerts?state=open&type=part_down');
    const { title, reason, advice, since } = part;
    expect(body.items[0]).toMatchObject({ title, reason, advice, since });
    expect(await partOf('limiter')).toMatchObject({ state: 'up', title: null });
    expect(await partOf('broker')).toMatchObject({ state: 'up' });
    expect(await partOf('database')).toMatchObject({ state: 'up' });
  });

  it('shows a service that leaves, in every error that it causes, until it is back', async () => {
    limiter.leave();
    await test.until(async () => expect((await partOf('limiter')).state).toBe('down'), 5_000);
    expect((await test.get('/v1/budgets')).body).toMatchObject({
      status: 503,
      detail: 'No limiter is running',
    });
    await test.until(async () =>
      expect((await openAlerts()).toSorted()).toEqual(['No event-sync is running', 'No limiter is running']),
    );
    limiter = await test.announce('limiter');
    await test.until(async () => expect((await partOf('limiter')).state).toBe('up'), 5_000);
    await test.until(async () => expect(await openAlerts()).toEqual(['No event-sync is running']));
  });
});
