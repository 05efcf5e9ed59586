import { array, assert, constantFrom, dictionary, oneof, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { usage } from '../contracts/index.ts';
import { dialectEntry } from './dialect.ts';
import { readUsage } from './usage.ts';

const usual = dialectEntry.parse({});
const pairs = dialectEntry.parse({
  counters: [
    { budgets: ['quarter', 'day'], limit: 'X-RateLimit-Limit', used: 'X-RateLimit-Usage' },
    { budgets: ['read_quarter', 'read_day'], limit: 'X-ReadRateLimit-Limit', used: 'X-ReadRateLimit-Usage' },
  ],
});

describe('usage in headers that the file names', () => {
  const read = (headers: Record<string, string>) =>
    readUsage(pairs, ['read_day', 'quarter', 'day'], new Headers(headers));

  it('has a number for each of their budgets', () => {
    const headers = {
      'X-RateLimit-Limit': '200,2000',
      'X-RateLimit-Usage': '31, 412',
      'X-ReadRateLimit-Limit': '100,1000',
      'X-ReadRateLimit-Usage': '30,410',
    };
    expect(read(headers)).toEqual([
      { budget: 'read_day', limit: 1_000, used: 410 },
      { budget: 'quarter', limit: 200, used: 31 },
      { budget: 'day', limit: 2_000, used: 412 },
    ]);
  });

  it.each(['31', '31,412,9', '', ',,'])('is unknown when there are other than two numbers: %j', (used) => {
    expect(read({ 'X-RateLimit-Limit': '200,2000', 'X-RateLimit-Usage': used })).toEqual([]);
  });

  it.each(['-1,412', 'null,412', '1.5,412', '1e12,412', ',412', 'NaN,412'])(
    'leaves out a number that none can be: %j',
    (used) => {
      expect(read({ 'X-RateLimit-Usage': used })).toEqual([{ budget: 'day', used: 412 }]);
    },
  );

  it('is none in other headers', () => {
    expect(read({ 'X-RateLimit-Remaining': '5', RateLimit: '"day";r=5' })).toEqual([]);
    const none = dialectEntry.parse({ counters: [] });
    expect(readUsage(none, ['day'], new Headers({ 'X-RateLimit-Remaining': '5' }))).toEqual([]);
  });
});

describe('usage in the usual headers', () => {
  it.each<[Record<string, string>, object]>([
    [
      { 'X-RateLimit-Limit': '60', 'X-RateLimit-Remaining': '59', 'X-RateLimit-Used': '1' },
      { limit: 60, used: 1, remaining: 59 },
    ],
    [
      { 'X-Rate-Limit-Limit': '60', 'X-Rate-Limit-Remaining': '59' },
      { limit: 60, remaining: 59 },
    ],
    [
      { 'RateLimit-Limit': '60', 'RateLimit-Remaining': '0' },
      { limit: 60, remaining: 0 },
    ],
    [{ RateLimit: 'limit=60, remaining=3, reset=42' }, { limit: 60, remaining: 3 }],
    [
      { RateLimit: '"default";r=3;t=42', 'RateLimit-Policy': '"default";q=60;w=60' },
      { limit: 60, remaining: 3 },
    ],
  ])('is read from %j', (headers, expected) => {
    expect(readUsage(usual, ['calls'], new Headers(headers))).toEqual([{ budget: 'calls', ...expected }]);
    expect(readUsage(usual, ['calls', 'day'], new Headers(headers))).toEqual([]);
  });

  it('is read by name where a call counts in several budgets', () => {
    const headers = {
      RateLimit: '"day";r=900;t=42, "burst";r=3;t=1, "other";r=0;t=1',
      'RateLimit-Policy': '"day";q=1000;w=86400, "burst";q=5;w=1',
    };
    expect(readUsage(usual, ['burst', 'day'], new Headers(headers))).toEqual([
      { budget: 'burst', limit: 5, remaining: 3 },
      { budget: 'day', limit: 1_000, remaining: 900 },
    ]);
  });
});

it('is valid in a message, whatever the headers say', () => {
  const names = [
    'RateLimit',
    'RateLimit-Policy',
    'X-RateLimit-Limit',
    'X-RateLimit-Remaining',
    'X-RateLimit-Usage',
  ];
  const value = oneof(
    constantFrom(
      '-5',
      '5,6',
      '"day";r=-4',
      '"day";r=5, "day";r=6',
      'limit=a, remaining=1',
      '1e400',
      '0x10',
      '((',
      '9',
    ),
    string({ unit: 'grapheme-ascii' }),
  );
  assert(
    property(
      dictionary(constantFrom(...names), value),
      array(constantFrom('day', 'quarter')),
      (given, budgets) => {
        const headers = new Headers(
          Object.entries(given).map(([name, each]): [string, string] => [name, each.trim()]),
        );
        for (const dialect of [usual, pairs])
          for (const read of readUsage(dialect, budgets, headers))
            expect(usage.safeParse(read).error).toBeUndefined();
      },
    ),
  );
});
