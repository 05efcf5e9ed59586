import { expect, it } from 'vitest';
import { sparkline, tickLabels, valueRange, valuesSince } from './plot-layout.ts';

const day = 86_400_000;
const start = Date.UTC(2026, 11, 24);

it('a small line places points by their real times and has the highest value on top', () => {
  const points = [
    { at: 0, value: 1_000 },
    { at: 10, value: 2_000 },
    { at: 40, value: 1_500 },
  ];
  const [first, second, third] = sparkline(points, 80, 20)
    .split(' ')
    .map((point) => point.split(',').map(Number));
  expect([first?.[0], second?.[0], third?.[0]]).toEqual([0, 20, 80]);
  expect(second?.[1]).toBeLessThan(third?.[1] ?? 0);
  expect(third?.[1]).toBe(10);
});

it('a small line of equal values is flat and in the middle; without values there is none', () => {
  expect(
    sparkline(
      [
        { at: 0, value: 1_500 },
        { at: 1, value: 1_500 },
      ],
      80,
      20,
    ),
  ).toBe('0,10 80,10');
  expect(sparkline([], 80, 20)).toBe('');
});

it('the value axis spans at least four percent of the value, and always more than its points', () => {
  const [low, high] = valueRange(1_500, 1_501);
  expect(high - low).toBeGreaterThan(60);
  const [wideLow, wideHigh] = valueRange(1_000, 2_000);
  expect([wideLow < 1_000, wideHigh > 2_000]).toEqual([true, true]);
  expect(valueRange(0, 0)[0]).toBeLessThan(valueRange(0, 0)[1]);
});

it('ticks are labelled with times, days, or months with the year in January', () => {
  expect(tickLabels([start - day / 4, start, start + day / 4], day / 4, 'UTC')).toEqual([
    '18:00',
    '24 Dec',
    '06:00',
  ]);
  expect(tickLabels([start, start + 7 * day], 7 * day, 'UTC')).toEqual(['24 Dec', '31 Dec']);
  expect(tickLabels([Date.UTC(2026, 11, 1), Date.UTC(2027, 0, 1)], 31 * day, 'UTC')).toEqual([
    'Dec',
    'Jan 2027',
  ]);
});

it('the values since a time begin with the one that holds then', () => {
  const points = [5, 9, 7].map((value, at) => ({ at: at * 10, value }));
  expect(valuesSince(points, 15)).toEqual([9, 7]);
  expect(valuesSince(points, 20)).toEqual([7]);
  expect(valuesSince(points, -1)).toEqual([5, 9, 7]);
});
