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
  const upstream = originOf('https://upstream.example/api', real);

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
    ['both', upstream, /Set ZWIFTRACING_BASE_URL and PACELINE_CLOCK back.*npm run reset/],
  ])('is refused with both values and what to do: %s', (_, own, problem) => {
    expect(foreignState({ broker: stored }, own)).toEqual([expect.stringMatching(problem)]);
    expect(foreignState({ database: stored }, own)).toEqual([expect.stringMatching(problem)]);
  });

  const found =
    'belongs to another system: its clock is "scale=60,anchor=1764788400000", the configured one "real time".';
  const own = originOf(undefined, real);
  const deletion = 'or delete the state (npm run reset, docker compose down --volumes)';

  it.each([
    [
      { broker: stored },
      [`the state on the broker ${found} Set PACELINE_CLOCK back, use another broker, ${deletion}`],
    ],
    [
      { database: stored },
      [`the state in the database ${found} Set PACELINE_CLOCK back, use another database, ${deletion}`],
    ],
    [
      { broker: stored, database: stored },
      [
        `the state on the broker and in the database ${found} Set PACELINE_CLOCK back, use another broker and database, ${deletion}`,
      ],
    ],
    [
      { broker: own, database: stored },
      [`the state in the database ${found} Use another database, ${deletion}`],
    ],
    [{ broker: stored, database: own }, [`the state on the broker ${found} Use another broker, ${deletion}`]],
  ])('names the server that holds it: %j', (marks, problems) => {
    expect(foreignState(marks, own)).toEqual(problems);
  });

  it('is refused for each server when they hold the state of two other systems', () => {
    expect(foreignState({ broker: stored, database: upstream }, originOf(undefined, real))).toEqual([
      expect.stringMatching(/^the state on the broker .*clock is/),
      expect.stringMatching(/^the state in the database .*upstream is/),
    ]);
  });

  it('is noticed by a service that only knows the clock', () => {
    expect(foreignState({ broker: stored }, { clock: 'real time' })).toHaveLength(1);
    expect(foreignState({ broker: stored }, { clock: stored.clock })).toEqual([]);
    const [problem] = foreignState(
      { broker: originOf(undefined, real), database: upstream },
      { clock: 'real time' },
    );
    expect(problem).toMatch(
      /database belongs to another system than that on the broker: its upstream is "upstream\.example\/api", the broker's "sandbox"/,
    );
  });

  it('is not what the same upstream and clock find, nor what is not marked', () => {
    const same = originOf('http://127.0.0.1:4000/api', fast);
    expect(foreignState({ broker: stored, database: stored }, same)).toEqual([]);
    expect(foreignState({ broker: stored }, same)).toEqual([]);
    expect(foreignState({}, upstream)).toEqual([]);
  });
});
