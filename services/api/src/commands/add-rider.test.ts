import { tables } from '@paceline/shared/database';
import type { Bus } from '@paceline/shared/messaging';
import { windowOf } from '@paceline/shared/testing/fixtures';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type TestResponse, startTestApi, type TestApi } from '../testing/api.ts';
import { fakeWindows, spentUntil, fakeRiderSync, type FakeRiderSync } from '../testing/services.ts';
import { riderRow } from '../testing/rows.ts';

let test: TestApi;
let riderSyncBus: Bus;
let limiterBus: Bus;
const fakes: Array<Pick<FakeRiderSync, 'stop'>> = [];

beforeAll(async () => {
  test = await startTestApi();
  riderSyncBus = await test.busOf('rider-sync');
  limiterBus = await test.busOf('limiter');
});
afterAll(() => test?.stop());

beforeEach(async () => {
  await test.db.delete(tables.riders);
  // Waiting commands would be ahead of a new one.
  await test.db.delete(tables.commands);
});
afterEach(async () => {
  await Promise.all(fakes.splice(0).map((fake) => fake.stop()));
});

type CarryOut = Parameters<typeof fakeRiderSync>[2];
async function riderSync(carryOut: CarryOut): Promise<FakeRiderSync> {
  const fake = await fakeRiderSync(riderSyncBus, test.db, carryOut);
  fakes.push(fake);
  return fake;
}
async function limiter(response: Parameters<typeof fakeWindows>[1]): Promise<void> {
  // By then the API has forgotten the answer of the one before.
  await test.pass(test.clock.toProjectMs(20));
  fakes.push(await fakeWindows(limiterBus, response));
}
const add = (riderId: number, headers?: Record<string, string>) =>
  test.during(test.post('/v1/riders', { riderId }, headers));
/** The next bulk call is days away, so that every rider gets a call of its own. */
const noBulk = () => spentUntil('riders_bulk', inAnHour + 1_000_000_000);
const stored = async ({ body }: TestResponse) => {
  const [row] = await test.db
    .select()
    .from(tables.commands)
    .where(eq(tables.commands.commandId, body.commandId));
  return row;
};

const inAnHour = Date.UTC(2026, 10, 24, 19);
const soon = new Date(inAnHour).toISOString();

describe('POST /v1/riders', () => {
  it("returns 202 with the limiter's estimate once the command is stored and published", async () => {
    await limiter(() => [spentUntil('riders_single', inAnHour), noBulk()]);
    const response = await add(101);
    const { commandId } = response.body;
    expect(response.status).toBe(202);
    expect(response.headers.get('location')).toBe(`/v1/commands/${commandId}`);
    expect(response.body).toEqual({
      commandId,
      type: 'add-rider',
      riderId: 101,
      riders: null,
      state: 'waiting_for_window',
      position: null,
      until: soon,
      via: 'single',
      reason: null,
      estimatedAt: soon,
      requestedAt: response.body.requestedAt,
      updatedAt: response.body.requestedAt,
      finishedAt: null,
      traceId: response.body.traceId,
      rider: null,
    });
    expect((await stored(response))?.riderId).toBe(101);
    const { received } = await riderSync(async () => undefined);
    await test.until(() =>
      expect(received).toContainEqual({
        commandId,
        riderId: 101,
        requestedAt: Date.parse(response.body.requestedAt),
      }),
    );
    await test.until(async () => expect((await stored(response))?.publishedAt).not.toBeNull());
  });

  it('returns a location that shows the position and the estimate of the command', async () => {
    await riderSync((_, update) => update({ state: 'waiting_in_line', position: 3, at: inAnHour }));
    const { headers } = await add(102);
    await test.until(async () => {
      const { body } = await test.get(headers.get('location') ?? '');
      expect(body).toMatchObject({ state: 'waiting_in_line', position: 3, estimatedAt: soon });
    });
  });

  it('returns a different position and time for each of many concurrent requests', async () => {
    await limiter(() => [spentUntil('riders_single', inAnHour), noBulk()]);
    const riders = Array.from({ length: 20 }, (_, index) => 200 + index);
    const responses = await Promise.all(riders.map((riderId) => add(riderId)));
    const times = responses.map(({ body }) => Date.parse(body.estimatedAt) - inAnHour);
    expect(times.toSorted((one, other) => one - other)).toEqual(riders.map((_, index) => index * 63_000));
    const positions = responses.map(({ body }) => body.position ?? 1);
    expect(positions.toSorted((one, other) => one - other)).toEqual(riders.map((_, index) => index + 1));
  });

  it('fetches a stored rider again, and returns the path of the stored one', async () => {
    await test.db.insert(tables.riders).values(riderRow(103));
    const { received } = await riderSync((_, update) => update({ state: 'running' }));
    const { body } = await add(103);
    expect(body).toMatchObject({ rider: '/v1/riders/103' });
    await test.until(() => expect(received.map(({ riderId }) => riderId)).toContain(103));
    await test.until(async () => {
      expect((await test.get(`/v1/commands/${body.commandId}`)).body).toMatchObject({
        state: 'running',
        estimatedAt: null,
        rider: '/v1/riders/103',
      });
    });
  });
});

describe('POST /v1/riders for a rider whose add waits', () => {
  it('returns the same command, also to simultaneous requests, and requests the rider once', async () => {
    const [first, second] = await Promise.all([add(141), add(141)]);
    const later = await add(141);
    expect([first, second, later].map(({ status }) => status)).toEqual([202, 202, 202]);
    const { commandId } = first.body;
    expect([second.body.commandId, later.body.commandId]).toEqual([commandId, commandId]);
    expect(later.headers.get('location')).toBe(`/v1/commands/${commandId}`);
    const { received } = await riderSync(async () => undefined);
    await test.until(() => expect(received.map((each) => each.commandId)).toEqual([commandId]));
  });
});

describe('POST /v1/riders while rider-sync is down', () => {
  it('estimates that the command can run now if the window has room', async () => {
    await limiter(() => [windowOf('riders_single', { available: 1 })]);
    const { status, body } = await add(111);
    expect(status).toBe(202);
    expect(body).toMatchObject({ state: 'waiting_in_line', position: 1 });
    expect(Date.parse(body.estimatedAt)).toBeGreaterThanOrEqual(Date.parse(body.requestedAt));
  });

  it('estimates the next bulk call if that is earlier than a call of its own', async () => {
    await limiter(() => [
      spentUntil('riders_single', inAnHour + 600_000),
      spentUntil('riders_bulk', inAnHour),
    ]);
    expect((await add(112)).body).toMatchObject({
      state: 'waiting_for_window',
      until: soon,
      estimatedAt: soon,
      via: 'bulk',
    });
  });

  it('returns no estimate if the limiter does not answer either', async () => {
    await limiter(() => undefined);
    const { status, body } = await add(113);
    expect(status).toBe(202);
    expect(body).toMatchObject({ state: 'waiting_in_line', estimatedAt: null });
  });

  it('keeps the command until rider-sync is back', async () => {
    const { body } = await add(114);
    const { received } = await riderSync((_, update) => update({ state: 'done' }));
    await test.until(() =>
      expect(received).toContainEqual(expect.objectContaining({ commandId: body.commandId })),
    );
  });
});

describe('Prefer: wait', () => {
  const wait = (seconds: number) => ({ prefer: `wait=${seconds}` });

  it('returns 200 with the rider once it is stored', async () => {
    await riderSync(async (_, update) => {
      await update({ state: 'waiting_in_line', position: 1, at: inAnHour });
      await update({ state: 'running' });
      await update({ state: 'done' });
    });
    const { status, headers, body } = await add(121, wait(20));
    expect(status).toBe(200);
    expect(headers.get('preference-applied')).toBe('wait=20');
    expect(headers.get('location')).toBe(`/v1/commands/${body.command.commandId}`);
    expect(body.command).toMatchObject({ state: 'done', riderId: 121, rider: '/v1/riders/121' });
    expect(body.command.finishedAt).not.toBeNull();
    expect(body.rider).toMatchObject({ riderId: 121, name: 'Rider 121', raw: { riderId: 121 } });
  });

  it('returns to each of many waiting requests the result of its own command', async () => {
    await riderSync((command, update) =>
      update(
        command.riderId % 2
          ? { state: 'failed', reason: `no rider ${command.riderId}` }
          : { state: 'waiting_in_line', position: command.riderId, at: inAnHour + command.riderId },
      ),
    );
    const riderIds = Array.from({ length: 20 }, (_, index) => 301 + index);
    const responses = await Promise.all(riderIds.map((riderId) => add(riderId, wait(2))));
    expect(responses.map(({ status, body }) => [status, body.command?.reason ?? body.position])).toEqual(
      riderIds.map((riderId) => (riderId % 2 ? [422, `no rider ${riderId}`] : [202, riderId])),
    );
  });

  it.each(['failed', 'expired'] as const)(
    'returns 422 with the reason if the command has %s',
    async (state) => {
      await riderSync((_, update) => update({ state, reason: 'upstream knows no such rider' }));
      const { status, headers, body } = await add(122, wait(20));
      expect(status).toBe(422);
      expect(headers.get('content-type')).toBe('application/problem+json');
      expect(headers.get('preference-applied')).toBe('wait=20');
      expect(body).toMatchObject({
        type: '/docs/problems#command-failed',
        detail: 'upstream knows no such rider',
        command: { riderId: 122, state, reason: 'upstream knows no such rider' },
      });
      expect(headers.get('location')).toBe(`/v1/commands/${body.command.commandId}`);
    },
  );

  it('returns 202 with the latest state if the time runs out first', async () => {
    await riderSync(async (_, update) => {
      await update({ state: 'waiting_for_window', until: inAnHour });
      await update({ state: 'paused_by_upstream', until: inAnHour });
    });
    const { status, headers, body } = await add(123, wait(2));
    expect(status).toBe(202);
    expect(headers.get('preference-applied')).toBe('wait=2');
    expect(body).toMatchObject({ state: 'paused_by_upstream', until: soon });
  });

  it('uses the stored state if it missed the last change', async () => {
    await riderSync(async ({ commandId, riderId }) => {
      await test.db.insert(tables.riders).values(riderRow(riderId));
      await test.db
        .update(tables.commands)
        .set({ progress: { state: 'done' }, finishedAt: inAnHour })
        .where(eq(tables.commands.commandId, commandId));
    });
    const { status, body } = await add(124, wait(2));
    expect(status).toBe(200);
    expect(body).toMatchObject({ command: { state: 'done' }, rider: { riderId: 124 } });
  });

  it.each(['wait=never', 'respond-async', 'wait=0'])('ignores %s', async (prefer) => {
    await riderSync((_, update) => update({ state: 'running' }));
    const { status, headers } = await add(125, { prefer });
    expect(status).toBe(202);
    expect(headers.get('preference-applied')).toBeNull();
  });
});

describe('an invalid body', () => {
  it.each([
    ['a number', '-1', 'body'],
    ['a string', '"abc"', 'body'],
    ['a list', '[1]', 'body'],
    ['null', 'null', 'body'],
    ['an object without a rider', '{}', 'riderId'],
    ['an object with a string as rider', '{"riderId":"1"}', 'riderId'],
    ['an object with rider 0', '{"riderId":0}', 'riderId'],
    ['an object with a negative rider', '{"riderId":-1}', 'riderId'],
    ['an object with a fractional rider', '{"riderId":1.5}', 'riderId'],
    ['an object with a rider that is too large', '{"riderId":2147483648}', 'riderId'],
    ['not JSON', '{riderId:1}', 'body'],
    ['empty', '', 'body'],
  ])('is rejected if it is %s, naming the field', async (_, text, field) => {
    const { status, headers, body } = await test.post('/v1/riders', text);
    expect(status).toBe(400);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(body).toMatchObject({
      type: '/docs/problems#invalid-input',
      status: 400,
      instance: '/v1/riders',
      errors: [{ field, message: expect.stringMatching(/./) }],
    });
  });

  it('is accepted with the largest possible rider id', async () => {
    expect((await add(2_147_483_647)).status).toBe(202);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx'])(
    'is rejected with the media type %s',
    async (type) => {
      const { status, body } = await test.post('/v1/riders', '{"riderId":1}', { 'content-type': type });
      expect(status).toBe(415);
      expect(body).toMatchObject({ type: '/docs/problems#unsupported-media-type', status: 415 });
    },
  );

  it('is rejected above 64 kB, with or without a Content-Length', async () => {
    const long = `{"riderId":1,"why":"${'x'.repeat(70_000)}"}`;
    const withLength = await test.post('/v1/riders', long);
    expect(withLength.status).toBe(413);
    expect(withLength.body).toMatchObject({ type: '/docs/problems#too-large', status: 413 });

    const chunked = await fetch(`${test.api.url}/v1/riders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([long]).stream(),
      duplex: 'half',
    });
    expect(chunked.status).toBe(413);
  });
});
