import { describe, expect, it } from 'vitest';
import { maxWindowMs } from '../contracts/index.ts';
import { readRateLimited } from './errors.ts';
import { tooManyRequests } from './testing/fixtures.ts';

const now = Date.parse('2026-02-01T12:00:00Z');
const read = (body: unknown, headers: Record<string, string> = {}) =>
  readRateLimited(typeof body === 'string' ? body : JSON.stringify(body), new Headers(headers), now);

describe('429 response', () => {
  it('is parsed for the wait and the enforced policy in its body', () => {
    expect(read(tooManyRequests)).toEqual({
      retryAfterMs: 597_000,
      learned: { limit: 1, windowMs: 600_000 },
    });
  });

  it('is parsed from its body rather than from its headers', () => {
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
    ['a RateLimit of the earlier draft', { RateLimit: 'limit=1, remaining=0, reset=42' }, 42_000],
    ['a RateLimit-Reset', { 'RateLimit-Reset': '43' }, 43_000],
  ])('without a readable body is parsed from %s', (_, headers, retryAfterMs) => {
    expect(read('<html>', headers)).toEqual({ retryAfterMs });
  });

  it.each([
    ['by name', '"default";q=5;w=60'],
    ['in the first draft', '5;w=60'],
  ])('has the policy of a header written %s', (_, policy) => {
    expect(read('', { 'RateLimit-Policy': policy }).learned).toEqual({ limit: 5, windowMs: 60_000 });
  });

  it('requests a wait of at most the longest window, however late the reported time', () => {
    expect(read({ retryAfter: 1e306 })).toEqual({ retryAfterMs: maxWindowMs });
  });

  it.each([
    ['nothing at all', ''],
    ['null', 'null'],
    ['negative and empty values', { retryAfter: -1, limit: 0, windowMinutes: '' }],
    ['an impossible limit', { limit: 1, windowMinutes: 200_000_000_000 }],
    ['words', { retryAfter: 'soon', limit: 'few', windowMinutes: {} }],
  ])('with %s is ignored', (_, body) => {
    expect(read(body, { 'Retry-After': 'whenever', RateLimit: '((', 'RateLimit-Policy': '5;q=0' })).toEqual(
      {},
    );
  });

  it('accepts numbers written as text', () => {
    expect(read({ retryAfter: '3.5', limit: '10', windowMinutes: '60' })).toEqual({
      retryAfterMs: 3_500,
      learned: { limit: 10, windowMs: 3_600_000 },
    });
  });
});
