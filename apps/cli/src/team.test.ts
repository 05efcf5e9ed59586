import { eventRow, resultRow, riderRow, signupRow } from '@paceline/api/testing/rows.ts';
import type { TestApi } from '@paceline/api/testing/api.ts';
import { tables } from '@paceline/shared/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operatorEnv, start, startTestSystem } from './testing/world.ts';

const hour = 3_600_000;
let system: { test: TestApi; stop(): Promise<void> };
beforeAll(async () => {
  system = await startTestSystem();
  const { db, clock } = system.test;
  const now = Math.round(clock.now());
  const ofClub = { clubId: 20_650, clubName: 'Paceline Racing' };
  const { clubs, clubMemberships, events, results, riders, signups } = tables;
  await db.insert(clubs).values({ clubId: 20_650, name: 'Paceline Racing', fetchedAt: now });
  await db.insert(riders).values([
    riderRow(101, {
      ...ofClub,
      name: 'Anna Årud',
      rating: 1_703.4,
      ratingMax90: 1_720,
      weightKg: 61.5,
      fetchedAt: now,
    }),
    riderRow(102, { name: 'Bo Berg', rating: 1_500, fetchedAt: now }),
  ]);
  const membership = {
    clubId: 20_650,
    riderId: 101,
    firstSeenAt: now - hour,
    lastSeenAt: now,
    current: true,
  };
  await db.insert(clubMemberships).values(membership);
  await db
    .insert(events)
    .values([
      eventRow('501', { title: 'Evening Race', startsAt: now + hour / 2, signupsFetchedAt: now - 60_000 }),
      eventRow('502', { title: 'Morning Race', startsAt: now - 5 * hour }),
    ]);
  await db
    .insert(signups)
    .values([
      signupRow('501', 101, { name: 'Anna Årud' }),
      signupRow('501', 102, { name: 'Bo Berg', withdrawnAt: now - 120_000 }),
    ]);
  await db
    .insert(results)
    .values([
      resultRow('502', 101, { name: 'Anna Årud', positionInPen: 1, seconds: 1_506.4, gapSeconds: 0 }),
    ]);
});
afterAll(() => system?.stop());

const paceline = (...args: string[]) => start(args, operatorEnv(system.test.api.url)).ended;
const json = async (...args: string[]) => {
  const { out, err } = await paceline(...args, '--json');
  expect(err).toBe('');
  return JSON.parse(out);
};

describe('paceline riders and rider', () => {
  it('find riders by a part of the name, of a club, in the wanted order', async () => {
    const found = await paceline('riders', '--search=anna');
    expect(found).toMatchObject({ code: 0, err: '' });
    expect(found.out).toMatch(/101 +Anna Årud +Paceline Racing.* 1703 .* 1720 .*61\.5 kg/);
    expect(found.out).not.toContain('Bo Berg');
    const sorted = await json('riders', '--sort=rating', '--order=asc');
    expect(sorted).toMatchObject({ total: 2, items: [{ riderId: 102 }, { riderId: 101 }] });
    expect((await json('riders', '--club=20650')).items).toMatchObject([{ riderId: 101 }]);
    expect((await paceline('riders', '--limit=1')).out).toContain('1 of 2 riders; --limit shows more.');
    expect(await paceline('riders', '--sort=shoes')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^sort/),
    });
  });

  it('show a rider with coming events and results', async () => {
    const { code, out } = await paceline('rider', '101');
    expect(code).toBe(0);
    expect(out).toContain('Anna Årud  101');
    expect(out).toContain('rating 1703 (30 days: –, 90 days: 1720), 61.5 kg');
    expect(out).toMatch(/Paceline Racing \(20650\) since/);
    expect(out).toMatch(/501 .*Evening Race/);
    expect(out).toMatch(/502 .*Morning Race +B +1 +25:06\.4/);
    expect(await paceline('rider', '999')).toMatchObject({ code: 1, err: expect.stringContaining('999') });
    expect(await paceline('rider', 'anna')).toMatchObject({
      code: 2,
      err: expect.stringContaining('"anna" is not the id of a rider'),
    });
  });
});

describe('paceline events and event', () => {
  it('list coming events with ours, and past ones', async () => {
    const coming = await paceline('events', '--ours');
    expect(coming.out).toMatch(/501 .* in [23]\d:\d\d +Evening Race +1 /);
    expect(coming.out).not.toContain('Morning Race');
    expect((await paceline('events', '--past')).out).toContain('Morning Race');
    expect((await json('events', '--search=evening')).items).toMatchObject([{ eventId: '501', ours: 1 }]);
  });

  it('show our riders of an event, and everyone with --all', async () => {
    const ours = await paceline('event', '501');
    expect(ours.out).toMatch(/Our signups\nB +101 +Anna Årud/);
    expect(ours.out).toMatch(/Signups fetched 1 min ago, goal: at most 60 min old\. Next near sync: /);
    expect(ours.out).not.toContain('Bo Berg');
    const all = await paceline('event', '501', '--all');
    expect(all.out).toMatch(/Withdrawn\nB +102 +Bo Berg .*withdrew \d\d:\d\d:\d\d \(2 min ago\)/);
    expect((await paceline('event', '502')).out).toMatch(/B +1 +101 +Anna Årud .* 25:06\.4/);
  });
});

describe('paceline clubs and club', () => {
  it('list clubs, and the members of one', async () => {
    expect((await paceline('clubs')).out).toMatch(/20650 +Paceline Racing +1 +\+\d +−0/);
    const club = await paceline('club', '20650');
    expect(club.out).toContain('Paceline Racing  20650');
    expect(club.out).toMatch(/101 +Anna Årud .*joined/);
    expect((await json('club', '20650')).members).toMatchObject([{ riderId: 101, current: true }]);
  });
});
