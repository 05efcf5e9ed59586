import type { Progress } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { and, eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { commandRow, riderRow, someTime } from '../testing/rows.ts';
import { isInState } from './query.ts';
import type { CommandState } from './view.ts';

let test: TestApi;
/** Ids whose last part is the order of the requests. */
const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const later = someTime + 90_000;

const states: Array<[Progress, object]> = [
  [
    { state: 'waiting_in_line', position: 2, at: later, via: 'bulk' },
    { via: 'bulk', position: 2, estimatedAt: '2026-03-01T12:01:30.000Z' },
  ],
  [
    { state: 'waiting_in_line', position: 1, at: null },
    { position: 1, estimatedAt: null },
  ],
  [
    { state: 'waiting_for_window', until: later },
    { until: '2026-03-01T12:01:30.000Z', estimatedAt: '2026-03-01T12:01:30.000Z' },
  ],
  [
    { state: 'paused_by_upstream', until: later },
    { until: '2026-03-01T12:01:30.000Z', estimatedAt: '2026-03-01T12:01:30.000Z' },
  ],
  [
    { state: 'outside_slot', next: later },
    { until: '2026-03-01T12:01:30.000Z', estimatedAt: '2026-03-01T12:01:30.000Z' },
  ],
  [{ state: 'running' }, { estimatedAt: null }],
  [{ state: 'done' }, { reason: null }],
  [{ state: 'failed', reason: 'no such rider' }, { reason: 'no such rider' }],
  [{ state: 'expired', reason: 'no window in time' }, { reason: 'no window in time' }],
];
const cancelled: Progress = { state: 'failed', reason: 'Cancelled by an operator', cancelled: true };

beforeAll(async () => {
  test = await startTestApi();
  await test.db.insert(tables.riders).values(riderRow(7));
  await test.db.insert(tables.commands).values([
    ...states.map(([progress], index) =>
      commandRow(id(index), { progress, requestedAt: someTime + index * 1_000 }),
    ),
    // Requested in the same millisecond as the previous one.
    commandRow(id(9), { riderId: 7, requestedAt: someTime + 8_000, finishedAt: later }),
  ]);
});
afterAll(() => test?.stop());

const idsOf = async (query: string): Promise<string[]> => {
  const { body } = await test.get(`/v1/commands?${query}`);
  return body.items.map(({ commandId }: { commandId: string }) => commandId);
};

describe('GET /v1/commands', () => {
  it('pages through all commands from the newest on, although new ones are added, even within one millisecond', async () => {
    const seen: string[] = [];
    let cursor = '';
    let added = 100;
    do {
      const { status, body } = await test.get(`/v1/commands?limit=3${cursor}`);
      expect(status).toBe(200);
      expect(body.items.length).toBeLessThanOrEqual(3);
      seen.push(...body.items.map((item: { commandId: string }) => item.commandId));
      await test.db
        .insert(tables.commands)
        .values(commandRow(id(added), { requestedAt: someTime + added * 1_000 }));
      added += 1;
      cursor = body.next && `&cursor=${body.next}`;
    } while (cursor);
    expect(seen).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map(id));
  });

  it('returns only the commands for a rider, with the imports that contain it', async () => {
    const [add, other, imported, another] = [201, 202, 203, 204].map(id) as [string, string, string, string];
    const row = { type: 'import-riders', riderId: null } as const;
    await test.db
      .insert(tables.commands)
      .values([
        commandRow(add, { riderId: 77 }),
        commandRow(other, { riderId: 78 }),
        commandRow(imported, row),
        commandRow(another, row),
      ]);
    const wanted = (commandId: string, riderId: number) =>
      ({ commandId, riderId, why: 'import', freshFrom: someTime, since: someTime }) as const;
    await test.db.insert(tables.wantedRiders).values([wanted(imported, 77), wanted(another, 78)]);
    expect(await idsOf('riderId=77')).toEqual([imported, add]);
    expect(await idsOf('riderId=77&type=import-riders')).toEqual([imported]);
    expect((await test.get('/v1/commands?riderId=none')).body.errors).toMatchObject([{ field: 'riderId' }]);
  });

  it('returns only the commands in a state, and tells cancelled ones from failed ones', async () => {
    const [failed, ended] = [301, 302].map(id) as [string, string];
    const finishedAt = later;
    const reason = 'no such rider';
    await test.db
      .insert(tables.commands)
      .values([
        commandRow(failed, { riderId: 79, progress: { state: 'failed', reason }, finishedAt }),
        commandRow(ended, { riderId: 79, progress: cancelled, finishedAt }),
      ]);
    expect(await idsOf('riderId=79&state=failed')).toEqual([failed]);
    expect(await idsOf('riderId=79&state=cancelled')).toEqual([ended]);
    expect(await idsOf('riderId=79&state=waiting_in_line')).toEqual([]);
    expect((await test.get('/v1/commands?state=lost')).body.errors).toMatchObject([{ field: 'state' }]);
  });

  it('returns every open command as waiting for a service while one of those is down', async () => {
    const [open, done] = [401, 402].map(id) as [string, string];
    await test.db
      .insert(tables.commands)
      .values([
        commandRow(open, { riderId: 80, progress: { state: 'waiting_in_line', position: 1, at: null } }),
        commandRow(done, { riderId: 80, progress: { state: 'done' }, finishedAt: later }),
      ]);
    const obstacle = 'No limiter is running';
    const found = (state: CommandState, inTheWay?: string) =>
      test.db.$count(tables.commands, and(eq(tables.commands.riderId, 80), isInState(state, inTheWay)));
    expect(await found('waiting_for_service', obstacle)).toBe(1);
    expect(await found('waiting_in_line', obstacle)).toBe(0);
    expect(await found('done', obstacle)).toBe(1);
    expect(await found('waiting_for_service')).toBe(0);
    expect(await found('waiting_in_line')).toBe(1);
  });

  it('rejects the cursor of another list', async () => {
    const cursor = Buffer.from(JSON.stringify(['runs', 1, 'x'])).toString('base64url');
    const { status, body } = await test.get(`/v1/commands?cursor=${cursor}`);
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ field: 'cursor' }]);
  });

  it('rejects a cursor with a time outside the range of the database', async () => {
    const cursor = Buffer.from(JSON.stringify(['commands', 9e15, 'x'])).toString('base64url');
    expect((await test.get(`/v1/commands?cursor=${cursor}`)).status).toBe(400);
  });
});

describe('GET /v1/commands/:commandId', () => {
  it.each(states.map(([progress, shown], index) => [progress.state, index, shown] as const))(
    'shows %s with the fields that belong to it',
    async (state, index, shown) => {
      const { status, body } = await test.get(`/v1/commands/${id(index)}`);
      expect(status).toBe(200);
      expect(body).toEqual({
        commandId: id(index),
        type: 'add-rider',
        riderId: 4_500_001,
        riders: null,
        state,
        position: null,
        until: null,
        via: null,
        reason: null,
        estimatedAt: null,
        requestedAt: new Date(someTime + index * 1_000).toISOString(),
        updatedAt: '2026-03-01T12:00:00.000Z',
        finishedAt: null,
        traceId: null,
        rider: null,
        ...shown,
      });
    },
  );

  it('returns the path of the rider if it is stored', async () => {
    const { body } = await test.get(`/v1/commands/${id(9)}`);
    expect(body).toMatchObject({ rider: '/v1/riders/7', finishedAt: '2026-03-01T12:01:30.000Z' });
  });

  it('returns 404 for an unknown command', async () => {
    expect((await test.get(`/v1/commands/${crypto.randomUUID()}`)).status).toBe(404);
  });

  it('rejects an invalid command id, naming the field', async () => {
    const { status, body } = await test.get('/v1/commands/42');
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ field: 'commandId', message: 'must be a UUID' }]);
  });
});
