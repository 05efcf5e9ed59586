import { expect, it } from 'vitest';
import { kilograms, none, perKilogram, raceTime, signed, trendOf, whole } from './numbers.ts';

it('unknown numbers are a dash, known ones have their unit', () => {
  expect([whole(null), kilograms(null), perKilogram(304, null)]).toEqual([none, none, none]);
  expect([whole(1_803.82), kilograms(77.04), perKilogram(304, 77)]).toEqual(['1804', '77 kg', '3.9']);
});

it('a change has a sign', () => {
  expect([signed(22.4), signed(-4.6), signed(0.2)]).toEqual(['+22', '−5', '±0']);
});

it('the time of a race has hours only when it needs them', () => {
  expect([raceTime(1_506.486), raceTime(3_852), raceTime(59.7)]).toEqual(['25:06', '1:04:12', '1:00']);
});

it('the trend ends with the current rating', () => {
  const rider = {
    ratingTrend: [{ at: '2026-11-17T00:00:00.000Z', rating: 1_510.4 }],
    rating: 1_532.2,
    fetchedAt: '2026-11-24T18:20:00.000Z',
  } as Parameters<typeof trendOf>[0];
  expect(trendOf(rider).map(({ value }) => value)).toEqual([1_510, 1_532]);
  expect(trendOf({ ...rider, rating: null }).map(({ value }) => value)).toEqual([1_510]);
});
