import { tables } from '@paceline/shared/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { eventRow, resultRow, someTime } from '../testing/rows.ts';

let test: TestApi;
let now: number;
const url = '/v1/events/101/results';

beforeAll(async () => {
  test = await startTestApi();
  now = test.clock.now();
  await test.db.insert(tables.events).values([
    eventRow('101', {
      resultsState: 'unrated',
      resultsTries: 2,
      resultsTriedAt: now - 60_000,
      resultsFetchedAt: now - 120_000,
      resultsReason: 'ZwiftRacing answered 400: request rejected',
    }),
    eventRow('102'),
  ]);
  const finished = (positionInPen: number | null) => ({
    positionInPen,
    gapSeconds: 3 * (positionInPen ?? 9),
  });
  await test.db
    .insert(tables.results)
    .values([
      resultRow('101', 1, { ...finished(2), seconds: 1506.486, gapSeconds: 1.5, ratingBefore: 1700.5 }),
      resultRow('101', 2, finished(1)),
      resultRow('101', 3),
      resultRow('101', 4, { ...finished(7), pen: 'A', removedAt: someTime + 1_000 }),
      resultRow('101', 5, { pen: null }),
      resultRow('101', 6),
      resultRow('101', 7, finished(null)),
    ]);
});
afterAll(() => test?.stop());

interface ListResponse {
  body: { items: Array<{ riderId: number }>; next: string | null };
}
const riders = ({ body }: ListResponse) => body.items.map(({ riderId }) => riderId);

describe('GET /v1/events/:eventId/results', () => {
  it('lists finishers by place and then the others in each pen, and marks removed riders', async () => {
    const response = await test.get(url);
    expect(response.status).toBe(200);
    expect(riders(response)).toEqual([5, 4, 2, 1, 7, 3, 6]);
    expect(response.body.items[1]).toMatchObject({ removed: true, removedAt: '2026-03-01T12:00:01.000Z' });
    expect(response.body.items[4]).toMatchObject({ riderId: 7, finished: true, positionInPen: null });
    expect(response.body.items[5]).toMatchObject({ riderId: 3, finished: false, gapSeconds: null });
    expect(response.body.items[3]).toEqual({
      riderId: 1,
      name: 'Rider 1',
      pen: 'B',
      finished: true,
      positionInPen: 2,
      seconds: 1506.486,
      gapSeconds: 1.5,
      rating: null,
      ratingBefore: 1700.5,
      ratingDelta: null,
      removed: false,
      removedAt: null,
      firstSeenAt: '2026-03-01T12:00:00.000Z',
      lastSeenAt: '2026-03-01T12:00:00.000Z',
      ours: false,
      club: null,
    });
  });

  it('returns the state and age of the results, like the event does', async () => {
    const { body } = await test.get(url);
    const { items: _, next: __, ...status } = body;
    expect(status).toEqual({
      state: 'unrated',
      reason: 'ZwiftRacing answered 400: request rejected',
      tries: 2,
      triedAt: new Date(now - 60_000).toISOString(),
      fetchedAt: new Date(now - 120_000).toISOString(),
      ageSeconds: expect.any(Number),
    });
    expect(status.ageSeconds).toBeGreaterThanOrEqual(120);
    const event = await test.get('/v1/events/101');
    expect(event.body.results).toMatchObject({ state: 'unrated', tries: 2 });
  });

  it('is paginated, including riders without a place', async () => {
    const pages: number[][] = [];
    let next = '';
    do {
      const page = await test.get(`${url}?limit=2${next}`);
      pages.push(riders(page));
      next = page.body.next && `&cursor=${page.body.next}`;
    } while (next);
    expect(pages).toEqual([[5, 4], [2, 1], [7, 3], [6]]);
  });

  it('is empty for an event without results, and returns 404 for an unknown event', async () => {
    expect((await test.get('/v1/events/102/results')).body).toMatchObject({ state: null, items: [] });
    expect((await test.get('/v1/events/999/results')).status).toBe(404);
  });
});
