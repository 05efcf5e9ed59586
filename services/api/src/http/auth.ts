import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { ClientLimits } from './limits.ts';
import { Problem } from './problem.ts';
import { isStreamPath, type StreamTokens, streamTokensPath } from './stream-tokens.ts';

export interface Tokens {
  readonly operator: string;
  readonly viewer: string | undefined;
}

declare module 'hono' {
  interface ContextVariableMap {
    caller: string | undefined;
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest();
const readMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Checks the bearer token, or that in the URL of a stream, and what it allows, in constant time. Throws `Problem`. */
export function requireToken(
  { operator, viewer }: Tokens,
  streamTokens: Pick<StreamTokens, 'check'>,
  limits: ClientLimits,
): MiddlewareHandler {
  const expectedOperator = digest(operator);
  const expectedViewer = digest(viewer ?? operator);
  return async (c, next) => {
    const [, bearer] = /^Bearer +(\S+) *$/i.exec(c.req.header('authorization') ?? '') ?? [];
    const inUrl = bearer === undefined && isStreamPath(c.req.path) ? c.req.query('token') : undefined;
    const token = bearer ?? inUrl;
    const checked = inUrl === undefined ? undefined : streamTokens.check(inUrl);
    if (token === undefined || checked === 'expired') {
      await limits.request(c);
      const detail = token === undefined ? 'No bearer token in the request' : 'The stream token has expired';
      throw new Problem('unauthorized', detail, challenge('Bearer'));
    }
    const tokenDigest = digest(token);
    // A client can create any number of stream tokens, so all of them share the limits of one. None can be guessed.
    const caller = checked === 'valid' ? 'stream token' : tokenDigest.toString('base64url');
    if (checked !== 'valid') await limits.checkGuesses(c, caller);
    const isOperator = bearer !== undefined && timingSafeEqual(tokenDigest, expectedOperator);
    const isViewer =
      checked === 'valid' || (bearer !== undefined && timingSafeEqual(tokenDigest, expectedViewer));
    if (!isOperator && !isViewer) {
      await limits.wrongToken(c);
      throw new Problem('unauthorized', 'Invalid token', challenge('Bearer error="invalid_token"'));
    }
    // A token for streams changes nothing.
    if (!isOperator && !readMethods.has(c.req.method) && c.req.path !== streamTokensPath) {
      const scope = challenge('Bearer error="insufficient_scope"');
      throw new Problem('forbidden', 'The viewer token is read-only', scope);
    }
    c.set('caller', caller);
    await next();
  };
}

const challenge = (value: string) => ({ headers: { 'www-authenticate': value } });
