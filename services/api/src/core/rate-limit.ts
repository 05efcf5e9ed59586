import type { WindowView } from '@paceline/shared/contracts';
import { type Item, serializeList } from 'structured-headers';

/**
 * How a window stands, in the response fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers):
 * its quota and length, the calls that are left, and the seconds until the next one becomes free.
 * @param toSeconds seconds of the asker's time that so many project ms are
 */
export function rateLimitFields(
  { endpoint, policy, available, freeAt }: WindowView,
  now: number,
  toSeconds: (ms: number) => number,
): Readonly<Record<'ratelimit-policy' | 'ratelimit', string>> {
  const whole = (ms: number) => Math.max(0, Math.ceil(toSeconds(ms)));
  const quota: Item = [
    endpoint,
    new Map([
      ['q', policy.limit],
      ['w', Math.max(1, whole(policy.windowMs))],
    ]),
  ];
  const left: Item = [
    endpoint,
    new Map([
      ['r', available],
      ['t', whole((freeAt ?? now) - now)],
    ]),
  ];
  return { 'ratelimit-policy': serializeList([quota]), ratelimit: serializeList([left]) };
}
