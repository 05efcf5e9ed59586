import { describe, expect, it } from 'vitest';
import { maxWindowMs } from '../contracts/index.ts';
import { readRateLimited } from './errors.ts';
import { tooManyRequests } from './testing/fixtures.ts';

const now = Date.parse('2026-02-01T12:00:00Z');
const read = (body: unknown, headers: Record<string, string> = {}) =>
  readRateLimited(typeof body === 'string' ? body : JSON.stringify(body), new Headers(headers), now);

describe('a 429', () => {
  it('tells in its body when to come back and which policy is real', () => {
    expect(read(tooManyRequests)).toEqual({
      retryAfterMs: 597_000,
      learned: { limit: 1, windowMs: 600_000 },
    });
  });

  it('is believed in its body before its headers', () => {
    const headers = { 'Retry-After': '5', 'RateLimit-Policy': '"x";q=9;w=9' };
    expect(read({ ...tooManyRequests, retryAfter: 12 }, headers)).toEqual({
      retryAfterMs: 12_000,
      learned: { limit: 1, windowMs: 600_000 },
    });
  });

  it.each([
    ['a number of seconds', { 'Retry-After': '52' }, 52_000],
    ['a date', { 'Retry-After': 'Sun, 01 Feb 2026 12:01:30 GMT' }, 90_000],
    ['a date that has passed', { 'Retry-After': 'Sun, 01 Feb 2026 11:00:00 GMT' }, 0],
    ['a RateLimit item', { RateLimit: '"default";r=0;t=41' }, 41_000],
    ['a RateLimit of the draft before', { RateLimit: 'limit=1, remaining=0, reset=42' }, 42_000],
    ['a RateLimit-Reset', { 'RateLimit-Reset': '43' }, 43_000],
  ])('without a readable body is read from %s', (_, headers, retryAfterMs) => {
    expect(read('<html>', headers)).toEqual({ retryAfterMs });
  });

  it.each([
    ['by names', '"default";q=5;w=60'],
    ['by its first draft', '5;w=60'],
  ])('teaches the policy that a header says %s', (_, policy) => {
    expect(read('', { 'RateLimit-Policy': policy }).learned).toEqual({ limit: 5, windowMs: 60_000 });
  });

  it('that names a moment out of this world closes the budget for no longer than the longest window', () => {
    expect(read({ retryAfter: 1e306 })).toEqual({ retryAfterMs: maxWindowMs });
  });

  it.each([
    ['nothing at all', ''],
    ['null', 'null'],
    ['negative and empty values', { retryAfter: -1, limit: 0, windowMinutes: '' }],
    ['a limit that nobody can have', { limit: 1, windowMinutes: 200_000_000_000 }],
    ['words', { retryAfter: 'soon', limit: 'few', windowMinutes: {} }],
  ])('that holds %s teaches nothing', (_, body) => {
    expect(read(body, { 'Retry-After': 'whenever', RateLimit: '((', 'RateLimit-Policy': '5;q=0' })).toEqual(
      {},
    );
  });

  it('reads numbers that are written as text', () => {
    expect(read({ retryAfter: '3.5', limit: '10', windowMinutes: '60' })).toEqual({
      retryAfterMs: 3_500,
      learned: { limit: 10, windowMs: 3_600_000 },
    });
  });
});
