import { tables } from '@paceline/shared/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { eventRow, resultRow, riderRow, signupRow } from '../testing/rows.ts';

const hour = 3_600_000;
let test: TestApi;
let now: number;
const iso = (ms: number) => new Date(ms).toISOString();

beforeAll(async () => {
  test = await startTestApi();
  now = test.clock.now();
  await test.db.insert(tables.riders).values([riderRow(1), riderRow(2)]);
  await test.db
    .insert(tables.clubMemberships)
    .values({ clubId: 7, riderId: 1, firstSeenAt: now, lastSeenAt: now });
  await test.db
    .insert(tables.events)
    .values(
      [-48, -24, -24, 2, 2, 5].map((hours, index) => eventRow(`e${index}`, { startsAt: now + hours * hour })),
    );
  await test.db
    .insert(tables.signups)
    .values([
      ...['e0', 'e1', 'e3', 'e4'].map((eventId) => signupRow(eventId, 1, { firstSeenAt: now - hour })),
      signupRow('e5', 1, { pen: 'A', withdrawnAt: now - 60_000 }),
      signupRow('e4', 3),
    ]);
  await test.db
    .insert(tables.results)
    .values([
      resultRow('e0', 1, { positionInPen: 3, gapSeconds: 2 }),
      resultRow('e1', 1),
      resultRow('e2', 1),
      resultRow('e2', 2),
    ]);
});
afterAll(() => test?.stop());

/** The event ids of each page. */
async function pagesOf(path: string, limit: number): Promise<string[][]> {
  const pages: string[][] = [];
  let next: string | null = null;
  do {
    const cursor: string = next === null ? '' : `&cursor=${next}`;
    const { body } = await test.get(`${path}?limit=${limit}${cursor}`);
    pages.push(body.items.map(({ eventId }: { eventId: string }) => eventId));
    ({ next } = body);
  } while (next !== null);
  return pages;
}

describe('GET /v1/riders/:riderId/events', () => {
  it('lists upcoming events with the signup of the rider, also a withdrawn one', async () => {
    expect(await pagesOf('/v1/riders/1/events', 2)).toEqual([['e3', 'e4'], ['e5']]);
    const { items } = (await test.get('/v1/riders/1/events')).body;
    expect(items[1]).toMatchObject({
      eventId: 'e4',
      startsAt: iso(now + 2 * hour),
      ours: 1,
      freshness: { class: 'far', goalSeconds: 86_400 },
      signup: { pen: 'B', withdrawn: false, withdrawnAt: null, firstSeenAt: iso(now - hour) },
    });
    expect(items[2].signup).toMatchObject({ pen: 'A', withdrawn: true, withdrawnAt: iso(now - 60_000) });
    expect((await test.get('/v1/riders/2/events')).body).toEqual({ items: [], next: null });
  });
});

describe('GET /v1/riders/:riderId/results', () => {
  it('lists the results of the rider with their events, newest first', async () => {
    expect(await pagesOf('/v1/riders/1/results', 2)).toEqual([['e2', 'e1'], ['e0']]);
    const { items } = (await test.get('/v1/riders/1/results')).body;
    expect(items[2]).toMatchObject({
      eventId: 'e0',
      title: 'Event e0',
      startsAt: iso(now - 48 * hour),
      riderId: 1,
      finished: true,
      positionInPen: 3,
      ours: true,
      club: { clubId: 7, name: null },
    });
  });
});

it('returns 404 for a rider that is not stored', async () => {
  for (const path of ['events', 'results'])
    expect(await test.get(`/v1/riders/9/${path}`)).toMatchObject({
      status: 404,
      body: { detail: 'Rider 9 is not stored' },
    });
});
