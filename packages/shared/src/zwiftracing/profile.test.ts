import { describe, expect, it } from 'vitest';
import { readClub, readEfforts, readRace } from './profile.ts';

const counts = { finishes: 9, wins: 1, podiums: 2, dnfs: 0 };
const unknown = { category: null, races: null };

describe('the races of a rider', () => {
  it('have a category, counts and the time of the last one', () => {
    const mixed = { category: 'Emerald', number: 3 };
    const last = { rating: 1_803.82, date: 1_764_788_400, mixed };
    expect(readRace({ ...counts, last, current: last })).toEqual({
      category: 'Emerald',
      races: { ...counts, lastAt: Date.UTC(2025, 11, 3, 19) },
    });
  });

  it.each([[null], [undefined], ['none'], [7], [[]], [{}]])('are unknown when they are %j', (race) => {
    expect(readRace(race)).toEqual(unknown);
  });

  it.each([-1, 1.5, 1e9, '9', null, Number.NaN])('are unknown when a count is %j', (finishes) => {
    expect(readRace({ ...counts, finishes }).races).toBeNull();
  });

  it.each([0, -5, 1e12, 'yesterday', null])('have no last time when it is %j', (date) => {
    expect(readRace({ ...counts, last: { date } }).races).toEqual({ ...counts, lastAt: null });
  });

  it.each([{ mixed: null }, { mixed: { category: 3 } }, { mixed: { category: '' } }, null, 'Emerald'])(
    'have no category when the current ones are %j',
    (current) => {
      expect(readRace({ ...counts, current }).category).toBeNull();
    },
  );
});

describe('the best efforts of a rider', () => {
  it('are ordered by duration, with the power per kg where it is known', () => {
    const power = {
      w1200: 334,
      wkg1200: 4.3377,
      w5: 920,
      w90: 500,
      wkg90: -1,
      CP: 319.6,
      compoundScore: 1_678,
    };
    expect(readEfforts({ power })).toEqual([
      { name: '5 s', seconds: 5, watts: 920, perKg: null },
      { name: '1.5 min', seconds: 90, watts: 500, perKg: null },
      { name: '20 min', seconds: 1_200, watts: 334, perKg: 4.3377 },
    ]);
  });

  it.each([
    [null],
    [{}],
    [{ power: null }],
    [{ power: [1] }],
    [{ power: { w0: 1, w5: 0, w15: 1e6, w60: '9' } }],
  ])('are none in %j', (rider) => {
    expect(readEfforts(rider)).toEqual([]);
  });
});

describe('the club of a rider', () => {
  it('is named as people write it', () => {
    expect(readClub({ id: 20650, name: 'Ride &amp; Shine' })).toEqual({
      clubId: 20650,
      name: 'Ride & Shine',
    });
    expect(readClub({ id: '20650' })).toEqual({ clubId: 20650, name: null });
  });

  it.each([[null], [{ id: null, name: null }], [{ id: 0 }], [{ id: 1.5 }], ['club']])(
    'is none in %j',
    (club) => {
      expect(readClub(club)).toBeNull();
    },
  );
});
