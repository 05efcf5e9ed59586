import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { ClientLimits } from './limits.ts';
import { Problem } from './problem.ts';

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

/** Checks the bearer token and what it allows, in constant time. Throws `Problem`. */
export function requireToken({ operator, viewer }: Tokens, limits: ClientLimits): MiddlewareHandler {
  const expectedOperator = digest(operator);
  const expectedViewer = digest(viewer ?? operator);
  return async (c, next) => {
    const [, token] = /^Bearer +(\S+) *$/i.exec(c.req.header('authorization') ?? '') ?? [];
    if (token === undefined) {
      await limits.request(c);
      throw new Problem('unauthorized', 'No bearer token in the request', challenge('Bearer'));
    }
    const tokenDigest = digest(token);
    const caller = tokenDigest.toString('base64url');
    await limits.checkGuesses(c, caller);
    const isOperator = timingSafeEqual(tokenDigest, expectedOperator);
    const isViewer = timingSafeEqual(tokenDigest, expectedViewer);
    if (!isOperator && !isViewer) {
      await limits.wrongToken(c);
      throw new Problem('unauthorized', 'Invalid token', challenge('Bearer error="invalid_token"'));
    }
    if (!isOperator && !readMethods.has(c.req.method)) {
      const scope = challenge('Bearer error="insufficient_scope"');
      throw new Problem('forbidden', 'The viewer token is read-only', scope);
    }
    c.set('caller', caller);
    await next();
  };
}

const challenge = (value: string) => ({ headers: { 'www-authenticate': value } });
