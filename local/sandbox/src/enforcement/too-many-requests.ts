import type { Policy } from '../budgets.ts';
import { MINUTE, SECOND } from '../time.ts';
import type { Decision } from './rule.ts';

const secondsUntil = (moment: number, now: number) => Math.max(0, Math.ceil((moment - now) / SECOND));

/** The body of a 429 as upstream writes it: `retryAfter` is a string of whole seconds, rounded up. */
export const tooManyRequestsBody = ({ limit, windowMs }: Policy, { resetAt }: Decision, now: number) => ({
  error: 'Too many requests, please try again later.',
  retryAfter: String(secondsUntil(resetAt, now)),
  windowMinutes: windowMs / MINUTE,
  limit,
});

/** The IETF fields (draft-ietf-httpapi-ratelimit-headers), and `Retry-After` when the call was rejected. */
export function rateLimitHeaders(
  { limit, windowMs }: Policy,
  { accepted, remaining, resetAt }: Decision,
  now: number,
): Record<string, string> {
  const seconds = secondsUntil(resetAt, now);
  return {
    'RateLimit-Policy': `"default";q=${limit};w=${windowMs / SECOND}`,
    RateLimit: `"default";r=${remaining};t=${seconds}`,
    ...(accepted ? {} : { 'Retry-After': String(seconds) }),
  };
}
