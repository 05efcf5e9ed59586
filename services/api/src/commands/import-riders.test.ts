import { importMaxAgeMs, type ImportRiders, type Progress } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import type { Bus } from '@paceline/shared/messaging';
import { asc, eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { fakeWindows, spentUntil, fakeImports } from '../testing/services.ts';
import { commandRow, someTime } from '../testing/rows.ts';

const { commands, wantedRiders } = tables;
let test: TestApi;
let riderSync: Bus;
let fake: { stop(): Promise<void> } | undefined;
const received: ImportRiders[] = [];

beforeAll(async () => {
  test = await startTestApi();
  riderSync = await test.busOf('rider-sync');
});
afterEach(async () => {
  await fake?.stop();
  fake = undefined;
});
afterAll(() => test?.stop());

async function fakeRiderSync(progress: Progress, failed: readonly number[] = []): Promise<void> {
  const onCommand = (command: ImportRiders) => received.push(command);
  fake = await fakeImports(riderSync, test.db, progress, { failed, onCommand });
}
const post = (riderIds: readonly unknown[], headers?: Record<string, string>) =>
  test.post('/v1/riders/import', { riderIds }, headers);
const rowsOf = (commandId: string) =>
  test.db
    .select()
    .from(wantedRiders)
    .where(eq(wantedRiders.commandId, commandId))
    .orderBy(asc(wantedRiders.riderId));

describe('POST /v1/riders/import', () => {
  it('returns 202 with one command for all riders, stores each rider once, and publishes the command', async () => {
    const { status, headers, body } = await post([3, 1, 2, 3]);
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/v1/commands/${body.commandId}`);
    expect(body).toMatchObject({
      type: 'import-riders',
      riderId: null,
      riders: { waiting: 3, done: 0, failed: 0 },
      state: 'waiting_in_line',
      rider: null,
    });
    const requestedAt = Date.parse(body.requestedAt);
    expect(await rowsOf(body.commandId)).toMatchObject(
      [1, 2, 3].map((riderId) => ({
        riderId,
        why: 'import',
        outcome: null,
        since: requestedAt,
        freshFrom: requestedAt - importMaxAgeMs,
      })),
    );
    await fakeRiderSync({ state: 'done' });
    await test.until(() => expect(received).toContainEqual({ commandId: body.commandId, requestedAt }));
  });

  it('estimates the bulk call that has room, after the riders of earlier imports', async () => {
    const inAnHour = Math.ceil(test.clock.now()) + 3_600_000;
    const windows = () => [spentUntil('riders_bulk', inAnHour)];
    fake = await fakeWindows(await test.busOf('limiter'), windows);
    await test.db.delete(wantedRiders);
    const first = await post(Array.from({ length: 1_500 }, (_, index) => 1_000 + index));
    const second = await post([7, 8]);
    expect(first.body).toMatchObject({
      state: 'waiting_for_window',
      until: new Date(inAnHour).toISOString(),
      via: 'bulk',
    });
    expect(second.body).toMatchObject({
      state: 'waiting_in_line',
      position: 2,
      estimatedAt: new Date(inAnHour + 111_000).toISOString(),
    });
  });

  it('accepts ten thousand riders', async () => {
    const { status, body } = await post(Array.from({ length: 10_000 }, (_, index) => 2_000_000_000 + index));
    expect(status).toBe(202);
    expect(body.riders.waiting).toBe(10_000);
    expect(await rowsOf(body.commandId)).toHaveLength(10_000);
  });

  it('returns 200 with the counts of the riders once it has ended, with Prefer: wait', async () => {
    await fakeRiderSync({ state: 'done' }, [12]);
    const { status, headers, body } = await post([11, 12, 13], { prefer: 'wait=20' });
    expect(status).toBe(200);
    expect(headers.get('preference-applied')).toBe('wait=20');
    expect(body).toMatchObject({ state: 'done', riders: { waiting: 0, done: 2, failed: 1 } });
  });

  it('returns 422 if no rider could be fetched, with Prefer: wait', async () => {
    await fakeRiderSync({ state: 'failed', reason: 'The rider could not be fetched' }, [21]);
    const { status, body } = await post([21], { prefer: 'wait=20' });
    expect(status).toBe(422);
    expect(body).toMatchObject({ command: { type: 'import-riders', riders: { done: 0, failed: 1 } } });
  });

  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  it.each([
    ['contains something else', { riderIds: [...upTo(17), 'x', 5] }, 'riderIds.17'],
    ['contains rider 0', { riderIds: [1, 0] }, 'riderIds.1'],
    ['is empty', { riderIds: [] }, 'riderIds'],
    ['is too long', { riderIds: upTo(10_001) }, 'riderIds'],
    ['is not a list', { riderIds: 5 }, 'riderIds'],
    ['is missing', {}, 'riderIds'],
  ])('rejects a list that %s, naming the field', async (_, sent, field) => {
    const { status, body } = await test.post('/v1/riders/import', sent);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      type: '/docs/problems#invalid-input',
      errors: [{ field, message: expect.stringMatching(/^must be/) }],
    });
  });

  it('rejects a body above 256 kB', async () => {
    const { status } = await test.post('/v1/riders/import', `{"why":"${'x'.repeat(270_000)}"}`);
    expect(status).toBe(413);
  });
});

describe('GET /v1/commands/:commandId/riders', () => {
  const commandId = crypto.randomUUID();
  const get = (query = '') => test.get(`/v1/commands/${commandId}/riders${query}`);

  beforeAll(async () => {
    const progress: Progress = { state: 'waiting_for_window', until: someTime + 900_000, via: 'bulk' };
    await test.db
      .insert(commands)
      .values(commandRow(commandId, { type: 'import-riders', riderId: null, progress }));
    const row = { commandId, why: 'import' as const, since: someTime, freshFrom: someTime };
    await test.db.insert(wantedRiders).values([
      { ...row, riderId: 1, outcome: 'done', endedAt: someTime },
      { ...row, riderId: 2, outcome: 'failed', reason: 'ZwiftRacing has no rider 2', endedAt: someTime },
      { ...row, riderId: 3 },
      { ...row, riderId: 4 },
    ]);
  });

  it('lists the riders by id, with the outcome of each', async () => {
    const first = await get('?limit=3');
    expect(first.body.items).toEqual([
      {
        riderId: 1,
        outcome: 'done',
        reason: null,
        finishedAt: '2026-03-01T12:00:00.000Z',
        rider: '/v1/riders/1',
      },
      {
        riderId: 2,
        outcome: 'failed',
        reason: 'ZwiftRacing has no rider 2',
        finishedAt: '2026-03-01T12:00:00.000Z',
        rider: null,
      },
      { riderId: 3, outcome: 'waiting', reason: null, finishedAt: null, rider: null },
    ]);
    const { body } = await get(`?limit=3&cursor=${first.body.next}`);
    expect(body).toMatchObject({ items: [{ riderId: 4 }], next: null });
  });

  it.each([
    ['waiting', [3, 4]],
    ['done', [1]],
    ['failed', [2]],
  ] as const)('filters by the outcome %s', async (outcome, ids) => {
    const { body } = await get(`?outcome=${outcome}`);
    expect(body.items.map(({ riderId }: { riderId: number }) => riderId)).toEqual(ids);
  });

  it('agrees with the counts of the command, which has the estimate of the next bulk call', async () => {
    const { body } = await test.get(`/v1/commands/${commandId}`);
    expect(body).toMatchObject({
      type: 'import-riders',
      riders: { waiting: 2, done: 1, failed: 1 },
      via: 'bulk',
      until: '2026-03-01T12:15:00.000Z',
    });
  });

  it('lists the single rider of an add', async () => {
    const added = crypto.randomUUID();
    const progress: Progress = { state: 'failed', reason: 'ZwiftRacing has no rider 7' };
    await test.db.insert(commands).values(commandRow(added, { riderId: 7, progress, finishedAt: someTime }));
    const { body } = await test.get(`/v1/commands/${added}/riders`);
    expect(body).toMatchObject({
      items: [{ riderId: 7, outcome: 'failed', reason: 'ZwiftRacing has no rider 7' }],
      next: null,
    });
    expect((await test.get(`/v1/commands/${added}/riders?outcome=done`)).body.items).toEqual([]);
  });

  it('rejects an unknown outcome, and returns 404 for an unknown command', async () => {
    expect((await get('?outcome=lost')).body.errors).toMatchObject([{ field: 'outcome' }]);
    expect((await test.get(`/v1/commands/${crypto.randomUUID()}/riders`)).status).toBe(404);
  });
});

describe('an import whose request died before publishing it', () => {
  it('is published as an import', async () => {
    const commandId = crypto.randomUUID();
    const requestedAt = test.clock.now() - 60_000;
    await test.db
      .insert(commands)
      .values(
        commandRow(commandId, { type: 'import-riders', riderId: null, publishedAt: null, requestedAt }),
      );
    await fakeRiderSync({ state: 'done' });
    await test.until(() => expect(received.map((command) => command.commandId)).toContain(commandId));
  });
});
