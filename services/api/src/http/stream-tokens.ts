import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Machine } from '@paceline/shared/clock';

/** Real seconds. */
const lifetimeSeconds = 3_600;

/** Tokens for the URL of a stream, as EventSource can't send headers. Valid in every process with the same `API_TOKEN`. */
export interface StreamTokens {
  create(): { readonly token: string; readonly lifetimeSeconds: number };
  check(token: string): 'valid' | 'expired' | 'wrong';
}

/** @param operator without one every request is allowed, so that the key need not be shared */
export function streamTokens(operator: string | undefined, machine: Machine): StreamTokens {
  const secret = operator ?? randomBytes(32);
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'paceline stream token', 32));
  const tokenFor = (expiresAt: string) =>
    `${expiresAt}.${createHmac('sha256', key).update(expiresAt).digest('base64url')}`;
  return {
    create() {
      const expiresAt = String(Math.ceil(machine.now() / 1_000) + lifetimeSeconds);
      return { token: tokenFor(expiresAt), lifetimeSeconds };
    },
    check(token) {
      const [expiresAt = ''] = token.split('.');
      // Text, not bytes: base64 has several texts for the same bytes.
      const [given, expected] = [Buffer.from(token), Buffer.from(tokenFor(expiresAt))];
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'wrong';
      return Number(expiresAt) * 1_000 > machine.now() ? 'valid' : 'expired';
    },
  };
}

export const streamTokensPath = '/v1/stream/tokens';

export const isStreamPath = (path: string): boolean =>
  path === '/v1/stream' || /^\/v1\/commands\/[^/]+\/stream$/.test(path);
