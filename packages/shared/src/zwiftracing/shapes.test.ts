import { describe, expect, it } from 'vitest';
import { parseJson } from './call.ts';
import { UnexpectedShape } from './errors.ts';
import { eventJson, resultsJson, riderJson, signupJson, signupsJson } from './testing/fixtures.ts';
import {
  readClubPage,
  readEvent,
  readEvents,
  readResults,
  readRider,
  readRiders,
  readSignups,
  riderIdsOf,
} from './shapes.ts';

describe('rider', () => {
  it('is parsed with ratings, and keeps its raw JSON', () => {
    const { rider, raw } = readRider(riderJson);
    expect(rider).toEqual({
      riderId: 4500001,
      name: 'A Rider [TAG]',
      gender: 'M',
      country: 'se',
      age: 'Mas',
      heightCm: 185,
      weightKg: 77,
      zpCategory: 'B',
      zpFtp: 304,
      rating: 1803.82,
      ratingMax30: 1811.92,
      ratingMax90: 1820,
      phenotype: 'All-Rounder',
      club: { id: 20650, name: 'Some Club' },
    });
    expect(raw).toBe(riderJson);
  });

  it('has no ratings without races', () => {
    expect(readRider({ ...riderJson, race: null }).rider).toMatchObject({ rating: null, ratingMax30: null });
  });

  it('has no rating for a period in which upstream sends 0', () => {
    const race = { ...riderJson.race, max30: { rating: 0, expires: 1767380400 } };
    expect(readRider({ ...riderJson, race }).rider).toMatchObject({ ratingMax30: null, ratingMax90: 1820 });
  });

  it('accepts numbers and ids as text', () => {
    const { rider } = readRider({ ...riderJson, riderId: '4500001', weight: '77.5', zpFTP: '304' });
    expect(rider).toMatchObject({ riderId: 4500001, weightKg: 77.5, zpFtp: 304 });
  });

  it.each(['', null])('is valid with an id and the name %j', (name) => {
    expect(readRider({ riderId: 4500001, name, race: null }).rider).toMatchObject({
      riderId: 4500001,
      name: '',
      rating: null,
      club: null,
      weightKg: null,
    });
  });

  it.each([
    ['weight', 'heavy'],
    ['height', {}],
    ['age', 5],
    ['phenotype', 'Sprinter'],
    ['club', { id: 'none' }],
    ['race', []],
  ])('is still parsed when %s is invalid', (field, value) => {
    expect(readRider({ ...riderJson, [field]: value }).rider).toMatchObject({ name: 'A Rider [TAG]' });
  });

  it.each([
    ['no id', { name: 'x' }, /riderId/],
    ['an invalid id', { riderId: -1, name: 'x' }, /riderId/],
    ['an id that is too large', { riderId: 2 ** 31, name: 'x' }, /riderId/],
    ['no name', { riderId: 1 }, /name/],
    ['nothing', null, /response/],
  ])('is rejected with %s', (_, raw, reason) => {
    expect(() => readRider(raw)).toThrow(UnexpectedShape);
    expect(() => readRider(raw)).toThrow(reason);
  });
});

describe('list', () => {
  it('skips unreadable items and reports them', () => {
    const { items, skipped } = readRiders([
      riderJson,
      null,
      { riderId: 'x9', name: 4 },
      { riderId: 2, name: 'b' },
    ]);
    expect(items.map(({ rider }) => rider.riderId)).toEqual([4500001, 2]);
    expect(skipped).toMatchObject([
      { index: 1, id: null, rawStart: 'null' },
      { index: 2, id: 'x9', reason: expect.stringContaining('name'), rawStart: '{"riderId":"x9","name":4}' },
    ]);
  });

  it('reports the rider ids of skipped items, if valid', () => {
    const odd = ['5', 6, 'x', '4.5', 2 ** 31, null].map((riderId) => ({ riderId }));
    expect(riderIdsOf(readRiders(odd).skipped)).toEqual([5, 6]);
  });

  it('keeps the last of two items with the same id', () => {
    const { items } = readRiders([
      { riderId: 2, name: 'old' },
      { riderId: 1, name: 'one' },
      { riderId: 2, name: 'new' },
    ]);
    expect(items.map(({ rider }) => [rider.riderId, rider.name])).toEqual([
      [2, 'new'],
      [1, 'one'],
    ]);
  });

  it.each([null, {}, 'x', 5])('is rejected when it is %j', (json) => {
    expect(() => readRiders(json)).toThrow(UnexpectedShape);
    expect(() => readEvents(json)).toThrow(UnexpectedShape);
    expect(() => readSignups(json)).toThrow(UnexpectedShape);
  });
});

describe('club page', () => {
  it('has full riders and its total length', () => {
    const page = readClubPage({ clubId: '20650', name: 'Club', riders: [riderJson, {}], more: 1 });
    expect(page).toMatchObject({ clubId: 20650, name: 'Club', length: 2, skipped: [{ index: 1, id: null }] });
    expect(page.riders.map(({ rider }) => rider.name)).toEqual(['A Rider [TAG]']);
  });

  it('is rejected without riders', () => {
    expect(() => readClubPage({ clubId: 1, name: 'Club' })).toThrow(/riders/);
  });
});

describe('event', () => {
  it('is parsed with its start in ms and the sum of its signups', () => {
    expect(readEvent(eventJson).event).toEqual({
      eventId: '5230192',
      title: 'Evening Chase #3',
      startsAt: 1765195800_000,
      type: 'Race',
      subType: 'Scratch',
      routeId: '22757204',
      distance: 21784,
      listedSignups: 176,
    });
  });

  it.each([
    ['no pens', { signups: '' }, { listedSignups: 0 }],
    ['gaps in its counts', { signups: '3,,x,4' }, { listedSignups: 7 }],
    ['no counts', { signups: undefined }, { listedSignups: 0 }],
    ['its distance as text', { distance: '21784' }, { distance: 21784 }],
    ['numbers where ids are text', { eventId: 5230192, routeId: 5 }, { eventId: '5230192', routeId: '5' }],
    ['no sub-type', { subType: '' }, { subType: null }],
  ])('is parsed with %s', (_, change, expected) => {
    expect(readEvent({ ...eventJson, ...change }).event).toMatchObject(expected);
  });

  it.each([{ time: 'soon' }, { time: null }, { time: 1e15 }, { eventId: '' }])(
    'is skipped with %j',
    (change) => {
      expect(readEvents([{ ...eventJson, ...change }, eventJson])).toMatchObject({
        items: [{ event: { eventId: '5230192' } }],
        skipped: [{ index: 0 }],
      });
    },
  );
});

describe('signups', () => {
  it('are parsed by pen, with decoded names', () => {
    const { items, skipped } = readSignups(signupsJson);
    expect(items.map(({ signup }) => signup)).toEqual([
      { riderId: 4200001, name: "Chloé O'Brien & Co", rating: 1612.4, pen: 'A+' },
      { riderId: 4200002, name: "Chloé O'Brien & Co", rating: null, pen: 'B' },
    ]);
    expect(skipped).toEqual([]);
  });

  it('have a rider once, in the last pen', () => {
    const { items } = readSignups([
      { name: 'A', riders: [signupJson] },
      { name: 'B', riders: [signupJson] },
    ]);
    expect(items.map(({ signup }) => [signup.riderId, signup.pen])).toEqual([[4200001, 'B']]);
  });

  it('keep two pens of the same name', () => {
    const { items } = readSignups([
      { name: 'E', riders: [signupJson] },
      { name: 'E', riders: [{ ...signupJson, riderId: 2 }] },
    ]);
    expect(items).toHaveLength(2);
  });

  it('report an unreadable pen', () => {
    const { items, skipped } = readSignups([{ name: 'A' }, ...signupsJson]);
    expect(items).toHaveLength(2);
    expect(skipped).toMatchObject([{ index: 0, id: null, reason: expect.stringContaining('riders') }]);
  });
});

describe('results', () => {
  const results = (json: unknown) => readResults(json).results.map(({ result }) => result);

  it('have a gap when finished, and a place only then', () => {
    expect(results(resultsJson)).toMatchObject([
      { riderId: 4200001, name: 'Jürgen', seconds: 1506.486, gapSeconds: 0, positionInPen: 1 },
      { riderId: 4200003, gapSeconds: 93.514, positionInPen: 2 },
      { riderId: 4200002, seconds: 1217, gapSeconds: null, positionInPen: null },
    ]);
  });

  it('have the same places when every rider has a position', () => {
    const all = resultsJson.results.map((each, index) => ({ ...each, position: index + 1 }));
    expect(results({ ...resultsJson, results: all })).toEqual(results(resultsJson));
  });

  it('keep ratings of riders who are not rated yet, without a change', () => {
    expect(results(resultsJson).map(({ rating, ratingDelta }) => [rating, ratingDelta])).toEqual([
      [2891.37, 26.69],
      [null, null],
      [1702.1, null],
    ]);
  });
});

describe('HTML entities', () => {
  it.each([
    ['Pat O&#039;Neil', "Pat O'Neil"],
    ['Chlo&eacute; &amp; Co', 'Chloé & Co'],
    ['Tom &amp;amp; Jerry', 'Tom &amp; Jerry'],
    ['AT&T &nbspx', 'AT&T &nbspx'],
    ['&#0;&#xD800;', '\ufffd\ufffd'],
  ])('in %j are decoded once in every text', (escaped, decoded) => {
    const rider = { ...riderJson, name: escaped, club: { id: 20650, name: escaped } };
    expect(readRider(rider).rider).toMatchObject({ name: decoded, club: { name: decoded } });
    const club = readClubPage({ clubId: 20650, name: escaped, riders: [rider] });
    expect(club).toMatchObject({ name: decoded, riders: [{ rider: { name: decoded }, raw: rider }] });
    expect(readEvent({ ...eventJson, title: escaped, subType: escaped }).event).toMatchObject({
      title: decoded,
      subType: decoded,
    });
    const pens = readSignups([{ name: escaped, riders: [{ ...signupJson, name: escaped }] }]);
    expect(pens.items).toMatchObject([{ signup: { name: decoded, pen: decoded } }]);
    const results = [{ riderId: 1, name: escaped, category: escaped, gap: 0 }];
    expect(readResults({ ...resultsJson, title: escaped, results })).toMatchObject({
      title: decoded,
      results: [{ result: { name: decoded, pen: decoded } }],
    });
  });
});

describe('names and titles', () => {
  it('are empty when upstream sends null', () => {
    expect(readClubPage({ clubId: 1, name: null, riders: [] })).toMatchObject({ name: '', skipped: [] });
    expect(readEvent({ ...eventJson, title: null }).event).toMatchObject({ title: '' });
    expect(readSignups([{ name: 'A', riders: [{ ...signupJson, name: null }] }])).toMatchObject({
      items: [{ signup: { name: '' } }],
      skipped: [],
    });
    const results = [{ riderId: 1, name: null, gap: 0 }];
    expect(readResults({ ...resultsJson, results })).toMatchObject({ results: [{ result: { name: '' } }] });
  });
});

describe('text that Postgres cannot store', () => {
  it('is repaired', () => {
    expect(parseJson('{"name":"a\\u0000b\\ud800c","n":1}')).toEqual({ name: 'ab\ufffdc', n: 1 });
    expect(parseJson('"\\ud83d\\ude00"')).toBe('😀');
  });
});
