import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send as sendTo, startTestApi, type TestApi } from '../testing/api.ts';
import { runRealScheduler } from '../testing/services.ts';

let test: TestApi;
let scheduler: { stop(): Promise<void> };

beforeAll(async () => {
  test = await startTestApi();
  scheduler = await runRealScheduler(test);
  await test.until(async () => {
    if ((await read()).status !== 200) throw new Error('the scheduler does not answer yet');
  });
});
afterAll(async () => {
  await scheduler?.stop();
  await test?.stop();
});

const send = (method: string, body?: unknown, match?: string, path = '/v1/schedule') =>
  sendTo(test.api.url + path, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(match === undefined ? {} : { 'if-match': match }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const read = () => test.get('/v1/schedule');
const etagNow = async () => (await read()).headers.get('etag') ?? '';

/** The far slots of the original design, which overlap with the near ones. */
const colliding = { kinds: { far: { opens: '30 */2 * * *', duration: '25m' } } };

describe('GET /v1/schedule', () => {
  it('returns the configured schedule as it was written, and the next slots', async () => {
    const { status, headers, body } = await read();
    expect(status).toBe(200);
    expect(headers.get('etag')).toBe(`"${body.version}"`);
    expect(body).toMatchObject({ from: 'configured', timeZone: 'UTC' });
    expect(body.kinds.near).toEqual({
      mode: 'on',
      opens: '10,25,40,55 * * * *',
      duration: '10m',
      skip: '',
      catchUp: 'skip',
    });
    expect(body.kinds.results.mode).toBe('off');
    expect(body.nextSlots.results).toEqual([]);
    const [first, second] = body.nextSlots.near;
    expect(Date.parse(first.opensAt)).toBeGreaterThan(test.clock.now());
    expect(Date.parse(first.closesAt) - Date.parse(first.opensAt)).toBe(600_000);
    expect(Date.parse(second.opensAt) - Date.parse(first.opensAt)).toBe(900_000);
    expect(first.slotId).toBe(`slot:near:${first.opensAt}`);
  });
});

describe('PUT /v1/schedule', () => {
  it('changes only the given fields, and DELETE resets to the configured schedule', async () => {
    const before = (await read()).body;
    const change = {
      kinds: { near: { mode: 'observed' }, rider: { skip: '06:00' }, results: { mode: 'on' } },
    };
    const changed = await send('PUT', change, await etagNow());
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).toBe(await etagNow());
    expect(changed.body).toMatchObject({ from: 'changed', since: expect.any(String) });
    expect(changed.body.kinds).toEqual({
      ...before.kinds,
      rider: { ...before.kinds.rider, skip: '06:00' },
      near: { ...before.kinds.near, mode: 'observed' },
      results: { ...before.kinds.results, mode: 'on' },
    });
    expect(changed.body.nextSlots.results).toHaveLength(3);

    const back = await send('DELETE', undefined, await etagNow());
    expect(back.body).toMatchObject({ from: 'configured', kinds: before.kinds });
    expect(back.body.version).toBeGreaterThan(changed.body.version);
  });

  it('rejects errors with findings and a repaired schedule; accepts the repaired one, and errors with despiteErrors', async () => {
    const before = await etagNow();
    const rejected = await send('PUT', colliding, before);
    expect(rejected.status).toBe(422);
    expect(rejected.headers.get('content-type')).toBe('application/problem+json');
    expect(rejected.body).toMatchObject({ type: '/docs/problems#schedule-refused' });
    expect(rejected.body.detail).toContain('The near and far slots overlap');
    expect(rejected.body.findings[0]).toMatchObject({
      rule: 'collision',
      severity: 'error',
      kinds: ['near', 'far'],
      timeline: [{ text: expect.stringContaining('slot opens') }, {}, {}, {}],
    });
    expect(await etagNow()).toBe(before);
    expect(rejected.body.goals).toEqual({ rider: 'cycle', near: '60m', far: '1440m' });

    const passed = await send('PUT', rejected.body.repaired, before);
    expect(passed.status).toBe(200);
    const forced = await send('PUT', { ...colliding, despiteErrors: true }, await etagNow());
    expect(forced.body.kinds.far).toMatchObject({ opens: '30 */2 * * *', duration: '25m' });
    await send('DELETE', undefined, '*');
  });

  it('names an unknown kind or field', async () => {
    const { status, body } = await send(
      'PUT',
      { kinds: { club: {}, far: { every: '5m', until: '6m' } } },
      '*',
    );
    expect(status).toBe(400);
    expect(body.detail).toBe('kinds.far has no fields "every", "until"; kinds has no field "club"');
  });

  it('requires If-Match, and accepts only one of several concurrent changes', async () => {
    const missing = await send('PUT', {});
    expect(missing.status).toBe(428);
    expect(missing.body.type).toBe('/docs/problems#version-required');
    const etag = await etagNow();
    const changes = ['every 30m', 'every 40m', 'every 50m'].map((opens) =>
      send('PUT', { kinds: { rider: { opens } }, despiteErrors: true }, etag),
    );
    const statuses = (await Promise.all(changes)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 412)).toHaveLength(2);
    expect(statuses).toContain(200);
    for (const stale of [etag, '"x"', 'W/"1"']) {
      const rejected = await send('DELETE', undefined, stale);
      expect(rejected.status).toBe(412);
      expect(rejected.headers.get('etag')).toBe(await etagNow());
    }
    await send('DELETE', undefined, '*');
  });

  it.each([
    [{ kinds: { near: { opens: 'often' } } }, 'kinds.near.opens'],
    [{ kinds: { near: { opens: 'every 10s' } } }, 'kinds.near.opens'],
    [{ kinds: { far: { duration: 'long' } } }, 'kinds.far.duration'],
    [{ kinds: { far: { duration: '25h' } } }, 'kinds.far.duration'],
    [{ kinds: { rider: { mode: 'maybe' } } }, 'kinds.rider.mode'],
    [{ kinds: { rider: { skip: '25:00' } } }, 'kinds.rider.skip'],
    [{ kinds: { rider: { catchUp: 'all' } } }, 'kinds.rider.catchUp'],
    [{ kinds: { rider: { cron: '* * * * *' } } }, 'kinds.rider'],
    [{ kinds: { riders: {} } }, 'kinds'],
    [{ timeZone: 'Mars/Olympus' }, 'timeZone'],
    [{ despiteErrors: 'yes' }, 'despiteErrors'],
  ])('%j gets an error for the field %s', async (body, field) => {
    const { status, body: problem } = await send('PUT', body, '*');
    expect(status).toBe(400);
    expect(problem.errors.map((each: { field: string }) => each.field)).toEqual([field]);
  });

  it('returns all errors at once', async () => {
    const wrong = { timeZone: 'X', kinds: { near: { opens: 'often', duration: '0m' } } };
    const { body } = await send('PUT', wrong, '*');
    expect(body.errors).toHaveLength(3);
  });
});

describe('PUT and DELETE /v1/syncs/{kind}/pause', () => {
  it('pause a sync for a time: it has no slots until then, and its settings stay', async () => {
    const before = (await read()).body;
    const paused = await send('PUT', { forSeconds: 3_600 }, undefined, '/v1/syncs/near/pause');
    expect(paused.status).toBe(200);
    expect(paused.headers.get('etag')).toBe(await etagNow());
    const until = Date.parse(paused.body.pausedUntil.near);
    expect(until).toBe(Math.ceil(test.clock.now()) + 3_600_000);
    expect(paused.body).toMatchObject({ from: 'configured', kinds: before.kinds });
    expect(paused.body.pausedUntil).toMatchObject({ rider: null, far: null, results: null });
    expect(Date.parse(paused.body.nextSlots.near[0].opensAt)).toBeGreaterThanOrEqual(until);

    const resumed = await send('DELETE', undefined, undefined, '/v1/syncs/near/pause');
    expect(resumed.body.pausedUntil.near).toBeNull();
    expect(resumed.body.nextSlots.near).toEqual(before.nextSlots.near);
  });

  it.each([
    ['near', {}, 'until'],
    ['near', { forSeconds: 0 }, 'forSeconds'],
    ['club', { forSeconds: 60 }, 'kind'],
  ])('of %s with %j gets an error for the field %s', async (kind, body, field) => {
    const rejected = await send('PUT', body, undefined, `/v1/syncs/${kind}/pause`);
    expect(rejected.status).toBe(400);
    expect(rejected.body.errors.map((each: { field: string }) => each.field)).toEqual([field]);
  });
});

describe('POST /v1/schedule/lint', () => {
  it('checks a change with its goals without applying it', async () => {
    const before = await etagNow();
    const input = { ...colliding, near: 60, goals: { far: '6h', near: 'cycle' } };
    const { status, body } = await send('POST', input, undefined, '/v1/schedule/lint');
    expect(status).toBe(200);
    expect(body.findings.map(({ rule }: { rule: string }) => rule)).toEqual([
      'collision',
      'goal',
      'goal',
      'demand',
      'demand',
    ]);
    expect(body.settings.kinds.far.opens).toBe('30 */2 * * *');
    expect(body.repaired.kinds.far.opens).not.toBe('30 */2 * * *');
    expect(body.forecast.kinds[1]).toMatchObject({ kind: 'near', targets: 60, goalSeconds: 900 });
    expect(await etagNow()).toBe(before);
  });

  it.each([
    [{ near: -1 }, 'near'],
    [{ goals: { far: 'soon' } }, 'goals.far'],
  ])('%j gets an error for the field %s', async (input, field) => {
    const { status, body } = await send('POST', input, undefined, '/v1/schedule/lint');
    expect(status).toBe(400);
    expect(body.errors.map((each: { field: string }) => each.field)).toEqual([field]);
  });
});

describe('GET /v1/forecast', () => {
  it('forecasts a busy day, also with other numbers of events', async () => {
    const usual = (await test.get('/v1/forecast')).body;
    expect(usual.kinds.map(({ kind }: { kind: string }) => kind)).toEqual(['rider', 'near', 'far']);
    const signups = usual.budgets.find(({ budget }: { budget: string }) => budget === 'signups');
    expect(signups).toMatchObject({ policy: { limit: 1, windowSeconds: 60 }, allowed: 1_440, urgent: 155 });
    const other = (await test.get('/v1/forecast?near=9&far=20&goals=near=15m,far=cycle')).body;
    expect(other.kinds[1]).toMatchObject({ targets: 9, goalSeconds: 900 });
    expect(other.kinds[2]).toMatchObject({ targets: 20, goalSeconds: 900 });
  });

  it.each(['near=x', 'goals=near', 'goals=club=1h'])('%s gets an error', async (query) => {
    const { status, body } = await test.get(`/v1/forecast?${query}`);
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ field: query.split('=')[0] }]);
  });
});

describe('without a scheduler', () => {
  it('reads and changes of the schedule return 503', async () => {
    await scheduler.stop();
    scheduler = { stop: async () => undefined };
    expect((await read()).status).toBe(503);
    expect((await send('PUT', {}, '*')).status).toBe(503);
  });
});
