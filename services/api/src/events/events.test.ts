import { tables } from '@paceline/shared/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { eventRow, signupRow, someTime } from '../testing/rows.ts';

let test: TestApi;
const hour = 3_600_000;
let now: number;

beforeAll(async () => {
  test = await startTestApi();
  now = test.clock.now();
  await test.db.insert(tables.events).values([
    eventRow('100', { startsAt: now - hour }),
    eventRow('104', { startsAt: now + 3 * hour }),
    eventRow('101', {
      startsAt: now + hour,
      type: 'Race',
      subType: 'Scratch',
      routeId: '22757204',
      distance: 21_784,
      listedSignups: 156,
      fetchedAt: now - 60_000,
      signupsFetchedAt: now - 120_000,
      raw: { eventId: '101', categories: 'A,B' },
    }),
    eventRow('103', { startsAt: now + 2 * hour }),
    eventRow('102', { startsAt: now + 2 * hour }),
  ]);
  await test.db
    .insert(tables.signups)
    .values([
      signupRow('101', 30, { pen: 'A', rating: 1701.09 }),
      signupRow('101', 10),
      signupRow('101', 20, { lastSeenAt: someTime, withdrawnAt: someTime + 1_000 }),
      signupRow('101', 5, { pen: 'A+' }),
      signupRow('104', 10),
    ]);
});
afterAll(() => test?.stop());

interface ListResponse {
  body: { items: Array<{ eventId: string }>; next: string | null };
}
const ids = ({ body }: ListResponse) => body.items.map(({ eventId }) => eventId);

describe('GET /v1/events', () => {
  it('lists upcoming events by start time, page by page', async () => {
    const first = await test.get('/v1/events?limit=2');
    expect(ids(first)).toEqual(['101', '102']);
    const second = await test.get(`/v1/events?limit=2&cursor=${first.body.next}`);
    expect(ids(second)).toEqual(['103', '104']);
    expect(second.body.next).toBeNull();
  });

  it('includes past events with when=all', async () => {
    expect(ids(await test.get('/v1/events?when=all'))).toEqual(['100', '101', '102', '103', '104']);
  });

  it('returns the signup counts and the age of event and signups', async () => {
    const { body } = await test.get('/v1/events');
    const [event, other] = body.items;
    expect(event).toEqual({
      eventId: '101',
      title: 'Event 101',
      startsAt: new Date(now + hour).toISOString(),
      type: 'Race',
      subType: 'Scratch',
      routeId: '22757204',
      distance: 21_784,
      signups: { listed: 156, current: 3, withdrawn: 1, lastDay: { joined: 0, withdrawn: 0 } },
      ours: 0,
      fetchedAt: new Date(now - 60_000).toISOString(),
      ageSeconds: event.ageSeconds,
      delistedAt: null,
      signupsFetchedAt: new Date(now - 120_000).toISOString(),
      signupsAgeSeconds: event.signupsAgeSeconds,
      // No scheduler runs.
      freshness: { class: 'near', goalSeconds: 3_600, withinGoal: true, nextRefreshAt: null },
      results: {
        state: null,
        reason: null,
        tries: 0,
        triedAt: null,
        fetchedAt: null,
        ageSeconds: null,
      },
    });
    expect(event.ageSeconds).toBeGreaterThanOrEqual(60);
    expect(event.signupsAgeSeconds).toBeGreaterThanOrEqual(120);
    expect(other).toMatchObject({
      signups: { listed: 0, current: null, withdrawn: null },
      signupsFetchedAt: null,
      signupsAgeSeconds: null,
    });
  });

  it('lists past events, the latest first, with when=past', async () => {
    expect(ids(await test.get('/v1/events?when=past'))).toEqual(['100']);
    expect(ids(await test.get('/v1/events?when=all&order=desc'))).toEqual([
      '104',
      '103',
      '102',
      '101',
      '100',
    ]);
  });

  it('rejects other values of when', async () => {
    const { status, body } = await test.get('/v1/events?when=yesterday');
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ field: 'when', message: 'must be one of upcoming, past, all' }]);
  });
});

describe('GET /v1/events/:eventId', () => {
  it('returns the event with the raw data from upstream', async () => {
    const { status, body } = await test.get('/v1/events/101');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      eventId: '101',
      signups: { listed: 156, current: 3, withdrawn: 1 },
      pens: [
        { pen: 'A', current: 1, withdrawn: 0, ours: 0, avgRating: 1701.09 },
        { pen: 'A+', current: 1, withdrawn: 0, ours: 0, avgRating: null },
        { pen: 'B', current: 1, withdrawn: 1, ours: 0, avgRating: null },
      ],
      raw: { eventId: '101', categories: 'A,B' },
    });
  });

  it('returns 404 for an event that is not stored', async () => {
    expect((await test.get('/v1/events/999')).status).toBe(404);
  });

  it('rejects an invalid id', async () => {
    const { status, body } = await test.get('/v1/events/%00');
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ field: 'eventId' }]);
  });
});

describe('GET /v1/events/:eventId/signups', () => {
  it('lists signups by pen, and marks withdrawn ones', async () => {
    const { status, body } = await test.get('/v1/events/101/signups');
    expect(status).toBe(200);
    const shown = body.items.map((item: { riderId: number; pen: string; withdrawn: boolean }) => [
      item.pen,
      item.riderId,
      item.withdrawn,
    ]);
    expect(shown).toEqual([
      ['A', 30, false],
      ['A+', 5, false],
      ['B', 10, false],
      ['B', 20, true],
    ]);
    expect(body.items[0]).toMatchObject({ rating: 1701.09, withdrawnAt: null });
    expect(body.items[3]).toEqual({
      riderId: 20,
      name: 'Rider 20',
      pen: 'B',
      rating: null,
      withdrawn: true,
      withdrawnAt: '2026-03-01T12:00:01.000Z',
      firstSeenAt: '2026-03-01T12:00:00.000Z',
      lastSeenAt: '2026-03-01T12:00:00.000Z',
      ageSeconds: expect.any(Number),
      ours: false,
      club: null,
    });
  });

  it('is paginated', async () => {
    const first = await test.get('/v1/events/101/signups?limit=3');
    expect(first.body.items).toHaveLength(3);
    const second = await test.get(`/v1/events/101/signups?limit=3&cursor=${first.body.next}`);
    expect(second.body).toMatchObject({ items: [{ riderId: 20 }], next: null });
  });

  it('is empty for an event without signups, and returns 404 for an unknown event', async () => {
    expect((await test.get('/v1/events/102/signups')).body).toEqual({ items: [], next: null, total: 0 });
    expect((await test.get('/v1/events/999/signups')).status).toBe(404);
  });
});
