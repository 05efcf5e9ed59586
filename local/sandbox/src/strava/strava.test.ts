import { createVirtualClock } from '@paceline/shared/clock';
import { afterEach, describe, expect, it } from 'vitest';
import type { UpstreamSandboxOptions } from '../upstream/sandbox.ts';
import { startStravaSandbox } from './strava.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
/** Five minutes before a quarter of an hour, and 70 before midnight. */
const start = Date.UTC(2026, 0, 14, 22, 50);
const open: Array<Awaited<ReturnType<typeof startStravaSandbox>>> = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((sandbox) => sandbox.close()));
});

async function sandboxWith(options: UpstreamSandboxOptions = {}) {
  const clock = createVirtualClock(start);
  const sandbox = await startStravaSandbox({ clock, latency: false, ...options });
  open.push(sandbox);
  const call = (path: string, init: RequestInit = {}, key = 'sandbox-key') =>
    fetch(`${sandbox.url}${path}`, { ...init, headers: { Authorization: `Bearer ${key}` } });
  const read = async (times: number) => {
    for (let calls = 0; calls < times; calls += 1) await (await call('/athlete')).text();
  };
  const upload = async (times: number) => {
    for (let calls = 0; calls < times; calls += 1) await (await call('/uploads', { method: 'POST' })).text();
  };
  return { clock, sandbox, call, read, upload };
}

const countsIn = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name.includes('ratelimit')));

describe('the sandbox of Strava', () => {
  it('names its documented limits and what was used of them in headers', async () => {
    const { call, read, upload } = await sandboxWith();
    await read(2);
    await upload(1);
    expect(countsIn(await call('/athlete'))).toEqual({
      'x-ratelimit-limit': '200,2000',
      'x-ratelimit-usage': '4,4',
      'x-readratelimit-limit': '100,1000',
      'x-readratelimit-usage': '3,3',
    });
  });

  it('rejects the 101st read of a quarter of an hour, but no upload', async () => {
    const { call, read } = await sandboxWith();
    await read(100);
    const rejected = await call('/athlete');
    expect(rejected.status).toBe(429);
    expect(await rejected.json()).toEqual({
      message: 'Rate Limit Exceeded',
      errors: [{ resource: 'Application', field: 'read rate limit', code: 'exceeded' }],
    });
    expect((await call('/uploads', { method: 'POST' })).status).toBe(200);
  });

  it('counts rejected calls toward the day', async () => {
    const { clock, call, read } = await sandboxWith();
    await read(110);
    await clock.advance(10 * minute);
    expect(countsIn(await call('/athlete'))).toMatchObject({ 'x-readratelimit-usage': '1,111' });
  });

  it('starts to count again at a quarter of an hour and at midnight, UTC', async () => {
    const { clock, call, read } = await sandboxWith();
    await read(100);
    await clock.advance(10 * minute - 1);
    expect((await call('/athlete')).status).toBe(429);
    await clock.advance(1);
    expect(countsIn(await call('/athlete'))).toMatchObject({ 'x-readratelimit-usage': '1,102' });
    await clock.advance(60 * minute);
    expect(countsIn(await call('/athlete'))).toMatchObject({ 'x-readratelimit-usage': '1,1' });
  });

  it('rejects everything after 1 000 reads of a day, until midnight', async () => {
    const { clock, call, read } = await sandboxWith();
    await clock.advance(70 * minute);
    for (let quarter = 0; quarter < 10; quarter += 1) {
      await read(100);
      await clock.advance(15 * minute);
    }
    expect((await call('/athlete')).status).toBe(429);
    await clock.advance(day - 10 * 15 * minute);
    expect((await call('/athlete')).status).toBe(200);
  });

  it('counts each key separately, and no call without a valid one', async () => {
    const { call, sandbox } = await sandboxWith({ keys: { one: 'standard', two: 'standard' } });
    expect((await call('/athlete', {}, 'wrong')).status).toBe(401);
    await call('/athlete', {}, 'one');
    expect(countsIn(await call('/athlete', {}, 'two'))).toMatchObject({ 'x-ratelimit-usage': '1,1' });
    expect(JSON.stringify(sandbox.audit())).not.toMatch(/"one"|"two"/);
  });

  it('logs each arrival with the windows in which it counts', async () => {
    const { call, sandbox } = await sandboxWith();
    await call('/athlete');
    await call('/uploads', { method: 'POST' });
    await call('/nothing');
    const quarter = { windowMs: 15 * minute };
    expect(sandbox.audit()).toMatchObject([
      {
        endpoint: 'read',
        verdict: 'accepted',
        arrivedAt: start,
        policies: { read_15m: { limit: 100, ...quarter }, overall_15m: { limit: 200, ...quarter } },
      },
      { endpoint: 'upload', policies: { overall_day: { limit: 2000, windowMs: day } } },
      { endpoint: null, policies: {}, verdict: 'not_found' },
    ]);
    expect(Object.keys(sandbox.audit()[1]?.policies ?? {})).toEqual(['overall_15m', 'overall_day']);
    const response = await fetch(`${sandbox.controlUrl}/audit`);
    expect(await response.json()).toMatchObject({ upstream: 'strava', arrivals: [{ seq: 1 }, {}, {}] });
  });

  it('counts the fullest window of each budget', async () => {
    const { clock, read, sandbox } = await sandboxWith();
    await read(3);
    await clock.advance(10 * minute);
    await read(2);
    const fullest = sandbox.judgement().map(({ budget, calls, rejected, fullestWindow }) => ({
      [budget]: [calls, rejected, fullestWindow],
    }));
    expect(Object.assign({}, ...fullest)).toEqual({
      overall_15m: [5, 0, 3],
      overall_day: [5, 0, 5],
      read_15m: [5, 0, 3],
      read_day: [5, 0, 5],
    });
  });

  it('has athletes with activities, the same ones for a key at any time', async () => {
    const { call, clock } = await sandboxWith();
    const json = async (path: string) => (await (await call(path)).json()) as Record<string, unknown>;
    const athlete = await json('/athlete');
    expect(athlete).toMatchObject({ id: expect.any(Number), firstname: expect.any(String) });
    const activities = (await json('/athlete/activities?per_page=5')) as unknown as Array<{ id: number }>;
    expect(activities).toHaveLength(5);
    expect(await json(`/activities/${activities[0]?.id}`)).toEqual(activities[0]);
    expect((await call('/activities/1')).status).toBe(404);
    await clock.advance(day);
    expect(await json('/athlete')).toEqual(athlete);
    expect(await json('/clubs/7')).toEqual({ id: '7' });
  });
});
