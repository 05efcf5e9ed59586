import { describe, expect, it } from 'vitest';
import { rateLimitFields } from './rate-limit.ts';

const policy = { limit: 5, windowMs: 60_000 };
const window = { budget: 'riders_single', policy, available: 2, freeAt: null };
const seconds = (ms: number) => ms / 1_000;

describe('the RateLimit fields', () => {
  it('contain the policy and the remaining calls of the window', () => {
    expect(rateLimitFields([window], 1_000, seconds)).toEqual({
      'ratelimit-policy': '"riders_single";q=5;w=60',
      ratelimit: '"riders_single";r=2;t=0',
    });
  });

  it("contain the time until the next call in the client's clock", () => {
    const spent = { ...window, available: 0, freeAt: 31_500 };
    expect(rateLimitFields([spent], 1_000, seconds).ratelimit).toBe('"riders_single";r=0;t=31');
    const fast = rateLimitFields([spent], 1_000, (ms) => ms / 60_000);
    expect(fast).toEqual({
      'ratelimit-policy': '"riders_single";q=5;w=1',
      ratelimit: '"riders_single";r=0;t=1',
    });
  });
});
