import { tables } from '@paceline/shared/database';
import type { Bus } from '@paceline/shared/messaging';
import { eventually } from '@paceline/shared/testing';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, startTestApi, type TestApi } from '../testing/api.ts';
import { playLimiter, standing } from '../testing/limiter.ts';
import { playRiderSync, type StandIn } from '../testing/rider-sync.ts';
import { riderRow } from '../testing/rows.ts';

let test: TestApi;
let riderSyncBus: Bus;
let limiterBus: Bus;
const standIns: Array<Pick<StandIn, 'stop'>> = [];

beforeAll(async () => {
  test = await startTestApi();
  riderSyncBus = await test.busOf('rider-sync');
  limiterBus = await test.busOf('limiter');
});
afterAll(() => test?.stop());

beforeEach(() => test.db.delete(tables.riders));
afterEach(async () => {
  await Promise.all(standIns.splice(0).map((standIn) => standIn.stop()));
});

type CarryOut = Parameters<typeof playRiderSync>[2];
async function riderSync(carryOut: CarryOut): Promise<StandIn> {
  const standIn = await playRiderSync(riderSyncBus, test.db, carryOut);
  standIns.push(standIn);
  return standIn;
}
async function limiter(answer: Parameters<typeof playLimiter>[1]): Promise<void> {
  standIns.push(await playLimiter(limiterBus, answer));
}
/** As a good client does it: what a busy machine could not take in time is sent again. */
const add = (riderId: number, headers?: Record<string, string>) =>
  eventually(async () => {
    const answer = await test.post('/v1/riders', { riderId }, headers);
    expect(answer.status).not.toBe(503);
    return answer;
  });
/** Asks until the answer is `expected`: a busy machine may be too slow to know a state in time. */
const answered = (riderId: number, expected: object): Promise<Answer> =>
  eventually(async () => {
    const answer = await add(riderId);
    expect(answer).toMatchObject({ status: 202, body: expected });
    return answer;
  });
const stored = async ({ body }: Answer) => {
  const [row] = await test.db
    .select()
    .from(tables.commands)
    .where(eq(tables.commands.commandId, body.commandId));
  return row;
};

const inAMinute = Date.now() + 60_000;
const soon = new Date(inAMinute).toISOString();

describe('POST /v1/riders', () => {
  it('answers 202 with the state that the command is in, as soon as one is known', async () => {
    const { received } = await riderSync((_, move) =>
      move({ state: 'waiting_for_window', until: inAMinute, via: 'single' }),
    );
    const answer = await answered(101, { state: 'waiting_for_window' });
    const { commandId } = answer.body;
    expect(answer.headers.get('location')).toBe(`/v1/commands/${commandId}`);
    expect(answer.body).toEqual({
      commandId,
      type: 'add-rider',
      riderId: 101,
      riders: null,
      state: 'waiting_for_window',
      position: null,
      at: null,
      until: soon,
      via: 'single',
      next: null,
      reason: null,
      estimatedAt: soon,
      requestedAt: answer.body.requestedAt,
      updatedAt: answer.body.requestedAt,
      finishedAt: null,
      traceId: answer.body.traceId,
      rider: null,
    });
    expect(received).toContainEqual({
      commandId,
      riderId: 101,
      requestedAt: Date.parse(answer.body.requestedAt),
    });
    await eventually(async () => expect((await stored(answer))?.publishedAt).not.toBeNull());
    expect((await test.get(`/v1/commands/${commandId}`)).body).toMatchObject({
      state: 'waiting_for_window',
      until: soon,
    });
  });

  it('tells the place in line and when its turn is expected', async () => {
    await riderSync((_, move) => move({ state: 'waiting_in_line', position: 3, at: inAMinute }));
    const { body } = await answered(102, { state: 'waiting_in_line', position: 3 });
    expect(body).toMatchObject({ at: soon, estimatedAt: soon });
  });

  it('tells each of many askers about their own command', async () => {
    await riderSync((command, move) =>
      move({ state: 'waiting_for_window', until: inAMinute + command.riderId }),
    );
    const riders = Array.from({ length: 20 }, (_, index) => 200 + index);
    const answers = await Promise.all(
      riders.map((riderId) => answered(riderId, { state: 'waiting_for_window' })),
    );
    expect(answers.map(({ body }) => Date.parse(body.until) - inAMinute)).toEqual(riders);
  });

  it('fetches a rider again that is stored already, and says where the stored one is', async () => {
    await test.db.insert(tables.riders).values(riderRow(103));
    await riderSync((_, move) => move({ state: 'running' }));
    const { body } = await answered(103, { state: 'running' });
    expect(body).toMatchObject({ estimatedAt: null, rider: '/v1/riders/103' });
  });
});

describe('while nobody carries commands out', () => {
  it('answers all the same that it can run now, when the window is open', async () => {
    await limiter(() => standing({ riders_single: { used: 3, available: 2, resetAt: null } }));
    const { status, body } = await add(111);
    expect(status).toBe(202);
    expect(body).toMatchObject({ state: 'waiting_in_line', position: 1 });
    expect(Date.parse(body.estimatedAt)).toBeGreaterThanOrEqual(Date.parse(body.requestedAt));
  });

  it('answers when the window opens, when it is spent', async () => {
    await limiter(() => standing({ riders_single: { used: 5, available: 0, resetAt: inAMinute } }));
    expect((await add(112)).body).toMatchObject({
      state: 'waiting_for_window',
      until: soon,
      estimatedAt: soon,
    });
  });

  it('answers all the same that nobody knows, when the limiter is silent too', async () => {
    await limiter(() => undefined);
    const { status, body } = await add(113);
    expect(status).toBe(202);
    expect(body).toMatchObject({ state: 'waiting_in_line', at: null, estimatedAt: null });
  });

  it('keeps the command for whoever carries it out later', async () => {
    const { body } = await add(114);
    const { received } = await riderSync((_, move) => move({ state: 'done' }));
    await eventually(() =>
      expect(received).toContainEqual(expect.objectContaining({ commandId: body.commandId })),
    );
  });
});

describe('Prefer: wait', () => {
  const wait = (seconds: number) => ({ prefer: `wait=${seconds}` });

  it('answers 200 with the rider as soon as it is stored', async () => {
    await riderSync(async (_, move) => {
      await move({ state: 'waiting_in_line', position: 1, at: inAMinute });
      await move({ state: 'running' });
      await move({ state: 'done' });
    });
    const { status, headers, body } = await add(121, wait(20));
    expect(status).toBe(200);
    expect(headers.get('preference-applied')).toBe('wait=20');
    expect(headers.get('location')).toBe(`/v1/commands/${body.command.commandId}`);
    expect(body.command).toMatchObject({ state: 'done', riderId: 121, rider: '/v1/riders/121' });
    expect(body.command.finishedAt).not.toBeNull();
    expect(body.rider).toMatchObject({ riderId: 121, name: 'Rider 121', raw: { riderId: 121 } });
  });

  it.each(['failed', 'expired'] as const)('answers 422 with the reason when it has %s', async (state) => {
    await riderSync((_, move) => move({ state, reason: 'upstream knows no such rider' }));
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
  });

  it('answers 202 with the latest state when the time runs out first', async () => {
    await riderSync(async (_, move) => {
      await move({ state: 'waiting_for_window', until: inAMinute });
      await move({ state: 'paused_by_upstream', until: inAMinute });
    });
    const { status, headers, body } = await add(123, wait(2));
    expect(status).toBe(202);
    expect(headers.get('preference-applied')).toBe('wait=2');
    expect(body).toMatchObject({ state: 'paused_by_upstream', until: soon });
  });

  it('believes what is stored when the last change passed unheard', async () => {
    await riderSync(async ({ commandId, riderId }) => {
      await test.db.insert(tables.riders).values(riderRow(riderId));
      await test.db
        .update(tables.commands)
        .set({ progress: { state: 'done' }, finishedAt: inAMinute })
        .where(eq(tables.commands.commandId, commandId));
    });
    const { status, body } = await add(124, wait(2));
    expect(status).toBe(200);
    expect(body).toMatchObject({ command: { state: 'done' }, rider: { riderId: 124 } });
  });

  it.each(['wait=never', 'respond-async', 'wait=0'])('takes no notice of %s', async (prefer) => {
    await riderSync((_, move) => move({ state: 'running' }));
    const { status, headers } = await add(125, { prefer });
    expect(status).toBe(202);
    expect(headers.get('preference-applied')).toBeNull();
  });
});

describe('a body that is wrong', () => {
  it.each([
    ['a number', '-1', 'body'],
    ['a text', '"abc"', 'body'],
    ['a list', '[1]', 'body'],
    ['null', 'null', 'body'],
    ['without the rider', '{}', 'riderId'],
    ['with a text for the rider', '{"riderId":"1"}', 'riderId'],
    ['with rider 0', '{"riderId":0}', 'riderId'],
    ['with a rider below 0', '{"riderId":-1}', 'riderId'],
    ['with half a rider', '{"riderId":1.5}', 'riderId'],
    ['with a rider that is too large', '{"riderId":2147483648}', 'riderId'],
    ['no JSON', '{riderId:1}', 'body'],
    ['nothing', '', 'body'],
  ])('is refused when it is %s, and the field is named', async (_, text, field) => {
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

  it('takes the largest rider id that there can be', async () => {
    expect((await add(2_147_483_647)).status).toBe(202);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx'])(
    'is refused as %s',
    async (type) => {
      const { status, body } = await test.post('/v1/riders', '{"riderId":1}', { 'content-type': type });
      expect(status).toBe(415);
      expect(body).toMatchObject({ type: '/docs/problems#unsupported-media-type', status: 415 });
    },
  );

  it('is refused above 64 kB, also when its length is not told beforehand', async () => {
    const long = `{"riderId":1,"why":"${'x'.repeat(70_000)}"}`;
    const told = await test.post('/v1/riders', long);
    expect(told.status).toBe(413);
    expect(told.body).toMatchObject({ type: '/docs/problems#too-large', status: 413 });

    const untold = await fetch(`${test.api.url}/v1/riders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([long]).stream(),
      duplex: 'half',
    });
    expect(untold.status).toBe(413);
  });
});
