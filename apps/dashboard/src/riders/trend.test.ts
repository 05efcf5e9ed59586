import { expect, it } from 'vitest';
import { trendOf } from './trend.ts';

it('the trend ends with the current rating', () => {
  const rider = {
    ratingTrend: [{ at: '2026-11-17T00:00:00.000Z', rating: 1_510.4 }],
    rating: 1_532.2,
    fetchedAt: '2026-11-24T18:20:00.000Z',
  } as Parameters<typeof trendOf>[0];
  expect(trendOf(rider).map(({ value }) => value)).toEqual([1_510, 1_532]);
  expect(trendOf({ ...rider, rating: null }).map(({ value }) => value)).toEqual([1_510]);
});
