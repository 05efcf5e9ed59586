import { describe, expect, it } from 'vitest';
import { foreignState, originOf } from './origin.ts';

const real = { scale: 1, anchor: 0 };
const fast = { scale: 60, anchor: 1_764_788_400_000 };

describe('the origin of stored state', () => {
  it.each([
    [undefined, real, { upstream: 'sandbox', clock: 'real time' }],
    ['http://127.0.0.1:3010/api', fast, { upstream: 'sandbox', clock: 'scale=60,anchor=1764788400000' }],
    ['http://sandbox.test:3010/api', real, { upstream: 'sandbox', clock: 'real time' }],
    ['https://upstream.example/api/', real, { upstream: 'upstream.example/api', clock: 'real time' }],
    ['https://UPSTREAM.example/api', real, { upstream: 'upstream.example/api', clock: 'real time' }],
  ])('of %s is its host and path, and the clock', (url, clock, expected) => {
    expect(originOf(url, clock)).toEqual(expected);
  });

  it('is the same for every port of a sandbox and any anchor of real time', () => {
    expect(originOf('http://127.0.0.1:3999/api', { scale: 1, anchor: 7 })).toEqual(originOf(undefined, real));
  });
});

describe('state of another origin', () => {
  const stored = originOf(undefined, fast);

  it.each([
    [
      'another upstream',
      originOf('https://upstream.example/api', fast),
      /upstream is "sandbox".*"upstream\.example\/api".*Set ZWIFTRACING_BASE_URL back/,
    ],
    [
      'another speed',
      originOf(undefined, { ...fast, scale: 10 }),
      /clock is "scale=60,.*"scale=10,.*Set PACELINE_CLOCK back/,
    ],
    ['another anchor', originOf(undefined, { ...fast, anchor: 5 }), /anchor=1764788400000.*anchor=5/],
    [
      'both',
      originOf('https://upstream.example/api', real),
      /Set ZWIFTRACING_BASE_URL and PACELINE_CLOCK back.*npm run reset/,
    ],
  ])('is refused with both values and what to do: %s', (_, own, problem) => {
    expect(foreignState(stored, own)).toMatch(problem);
  });

  it('is noticed by a service that only knows the clock', () => {
    expect(foreignState(stored, { clock: 'real time' })).toMatch(/clock is/);
    expect(foreignState(stored, { clock: stored.clock })).toBeUndefined();
  });

  it('is not what the same upstream and clock find', () => {
    expect(foreignState(stored, originOf('http://127.0.0.1:4000/api', fast))).toBeUndefined();
  });
});
