import { tables } from '@paceline/shared/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { eventRow, resultRow, riderRow, signupRow } from '../testing/rows.ts';

const hour = 3_600_000;
let test: TestApi;
let now: number;

beforeAll(async () => {
  test = await startTestApi();
  now = test.clock.now();
  const fetched = { signupsFetchedAt: now - hour };
  await test.db
    .insert(tables.events)
    .values([
      eventRow('1', { ...fetched, startsAt: now + hour, type: 'Race', title: 'Tour of Watopia' }),
      eventRow('2', { ...fetched, startsAt: now + 2 * hour, type: 'Race', title: 'Crit 100%' }),
      eventRow('3', { ...fetched, startsAt: now + 3 * hour, type: 'Group Ride', title: 'watopia waffle' }),
      eventRow('4', { startsAt: now - hour, type: 'Race' }),
    ]);
  const seen = { firstSeenAt: now - 48 * hour, lastSeenAt: now };
  await test.db.insert(tables.clubs).values([
    { clubId: 7, name: 'Seven', fetchedAt: now },
    { clubId: 8, name: 'Eight', fetchedAt: now },
  ]);
  await test.db.insert(tables.clubMemberships).values([
    { clubId: 7, riderId: 10, ...seen },
    { clubId: 8, riderId: 10, ...seen },
    { clubId: 8, riderId: 11, ...seen },
    { clubId: 7, riderId: 12, ...seen, current: false },
  ]);
  const other = { raw: { club: { id: 99, name: 'R&eacute;mi &amp; Co' } } };
  await test.db
    .insert(tables.signups)
    .values([
      signupRow('1', 10, { ...seen, pen: 'A', rating: 1_600 }),
      signupRow('1', 11, { ...seen, withdrawnAt: now - hour }),
      signupRow('1', 12, { ...seen, ...other }),
      signupRow('1', 13, { ...seen, firstSeenAt: now - hour, pen: 'A', rating: 1_700.005 }),
      signupRow('1', 14, { ...seen, firstSeenAt: now - 30 * hour, withdrawnAt: now - 25 * hour }),
      signupRow('2', 11, { ...seen, withdrawnAt: now - hour }),
      signupRow('2', 12, { ...seen, firstSeenAt: now - hour }),
      signupRow('3', 13, { ...seen, raw: { club: { id: '?', name: 7 } } }),
      signupRow('4', 10, seen),
    ]);
  await test.db.insert(tables.riders).values(riderRow(12, { clubId: 98, clubName: 'Stored' }));
  await test.db.insert(tables.results).values([resultRow('4', 10), resultRow('4', 12), resultRow('4', 13)]);
});
afterAll(() => test?.stop());

interface ListResponse {
  body: { items: Array<{ eventId: string; riderId: number }>; total: number };
}
const eventIds = ({ body }: ListResponse) => body.items.map(({ eventId }) => eventId);
const riderIds = ({ body }: ListResponse) => body.items.map(({ riderId }) => riderId);

describe('GET /v1/events', () => {
  it.each([
    ['ours=true', ['1']],
    ['ours=false', ['2', '3']],
    ['ours=true&when=all', ['4', '1']],
    ['ours=true&when=past', ['4']],
    ['q=WATOPIA', ['1', '3']],
    ['q=100%25', ['2']],
    ['type=Race', ['1', '2']],
    ['type=Race&q=watopia', ['1']],
  ])('filters by %s, also in the total', async (query, expected) => {
    const response = await test.get(`/v1/events?${query}`);
    expect([eventIds(response), response.body.total]).toEqual([expected, expected.length]);
    expect((await test.get(`/v1/events?limit=1&${query}`)).body.total).toBe(expected.length);
  });

  it('filters by a range of start times', async () => {
    const at = (ms: number) => encodeURIComponent(new Date(ms).toISOString());
    const range = `from=${at(now - hour)}&to=${at(now + 2 * hour)}`;
    expect(eventIds(await test.get(`/v1/events?when=all&${range}`))).toEqual(['4', '1']);
    expect(eventIds(await test.get(`/v1/events?${range}`))).toEqual(['1']);
  });

  it('counts our riders who are signed up once each, and who joined or withdrew in the last day', async () => {
    const [first, second, third] = (await test.get('/v1/events')).body.items;
    expect(first).toMatchObject({
      ours: 1,
      signups: { current: 3, withdrawn: 2, lastDay: { joined: 1, withdrawn: 1 } },
    });
    expect(second).toMatchObject({ ours: 0, signups: { lastDay: { joined: 1, withdrawn: 1 } } });
    expect(third).toMatchObject({ ours: 0, signups: { lastDay: { joined: 0, withdrawn: 0 } } });
  });
});

describe('GET /v1/events/:eventId', () => {
  it('counts the signups of each pen', async () => {
    expect((await test.get('/v1/events/1')).body.pens).toEqual([
      { pen: 'A', current: 2, withdrawn: 0, ours: 1, avgRating: 1_650 },
      { pen: 'B', current: 1, withdrawn: 2, ours: 0, avgRating: null },
    ]);
    expect((await test.get('/v1/events/4')).body.ours).toBe(1);
  });
});

describe('GET /v1/events/:eventId/signups', () => {
  it.each([
    ['pen=A', [10, 13]],
    ['ours=true', [10, 11]],
    ['ours=false', [13, 12, 14]],
    ['withdrawn=true', [11, 14]],
    ['withdrawn=false', [10, 13, 12]],
    ['ours=true&withdrawn=true', [11]],
  ])('filters by %s, also in the total', async (query, expected) => {
    const response = await test.get(`/v1/events/1/signups?${query}`);
    expect([riderIds(response), response.body.total]).toEqual([expected, expected.length]);
  });

  it('marks our riders, and names the club of each as people write it', async () => {
    const [ours, , , other] = (await test.get('/v1/events/1/signups')).body.items;
    expect(ours).toMatchObject({ riderId: 10, ours: true, club: { clubId: 7, name: 'Seven' } });
    expect(other).toMatchObject({ riderId: 12, ours: false, club: { clubId: 99, name: 'Rémi & Co' } });
    const [unreadable] = (await test.get('/v1/events/3/signups')).body.items;
    expect(unreadable).toMatchObject({ ours: false, club: null });
  });

  it('rejects other values of a flag', async () => {
    const { status, body } = await test.get('/v1/events/1/signups?ours=yes');
    expect([status, body.errors]).toEqual([400, [{ field: 'ours', message: 'must be one of true, false' }]]);
  });
});

describe('GET /v1/events/:eventId/results', () => {
  it('marks our riders, and names the club of each stored rider', async () => {
    const { body } = await test.get('/v1/events/4/results');
    expect(body.items).toMatchObject([
      { riderId: 10, ours: true, club: { clubId: 7, name: 'Seven' } },
      { riderId: 12, ours: false, club: { clubId: 98, name: 'Stored' } },
      { riderId: 13, ours: false, club: null },
    ]);
  });
});
