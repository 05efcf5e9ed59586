import { describe, expect, it } from 'vitest';
import { rateLimitHeaders, tooManyRequestsBody } from './too-many-requests.ts';

const policy = { limit: 1, windowMs: 600_000 };
const rejected = { accepted: false, remaining: 0, resetAt: 600_000 };

describe('a 429', () => {
  it('has exactly the body that was captured from upstream', () => {
    expect(JSON.stringify(tooManyRequestsBody(policy, rejected, 3_000))).toBe(
      '{"error":"Too many requests, please try again later.","retryAfter":"597","windowMinutes":10,"limit":1}',
    );
  });

  it('rounds the seconds up, so that whoever waits them is not too early', () => {
    expect(tooManyRequestsBody(policy, rejected, 3_001).retryAfter).toBe('597');
    expect(tooManyRequestsBody(policy, rejected, 599_999).retryAfter).toBe('1');
  });

  it('carries Retry-After and the IETF fields where headers are sent', () => {
    expect(rateLimitHeaders(policy, rejected, 3_000)).toEqual({
      'RateLimit-Policy': '"default";q=1;w=600',
      RateLimit: '"default";r=0;t=597',
      'Retry-After': '597',
    });
  });
});

it('an accepted call has no Retry-After', () => {
  const accepted = { accepted: true, remaining: 4, resetAt: 60_000 };
  expect(rateLimitHeaders({ limit: 5, windowMs: 60_000 }, accepted, 0)).toEqual({
    'RateLimit-Policy': '"default";q=5;w=60',
    RateLimit: '"default";r=4;t=60',
  });
});
