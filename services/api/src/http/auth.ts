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
const reads = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Lets requests pass as their token allows; how long the comparison takes says nothing about it. */
export function requireToken({ operator, viewer }: Tokens, limits: ClientLimits): MiddlewareHandler {
  const expected = digest(operator);
  const expectedOfViewer = digest(viewer ?? operator);
  return async (c, next) => {
    const [, given] = /^Bearer +(\S+) *$/i.exec(c.req.header('authorization') ?? '') ?? [];
    if (given === undefined) {
      await limits.request(c);
      throw new Problem('unauthorized', 'The request carries no bearer token', challenge('Bearer'));
    }
    const offered = digest(given);
    const caller = offered.toString('base64url');
    await limits.guess(c, caller);
    const isOperator = timingSafeEqual(offered, expected);
    const isViewer = timingSafeEqual(offered, expectedOfViewer);
    if (!isOperator && !isViewer) {
      await limits.wrongToken(c);
      throw new Problem(
        'unauthorized',
        'The token is not the right one',
        challenge('Bearer error="invalid_token"'),
      );
    }
    if (!isOperator && !reads.has(c.req.method)) {
      const scope = challenge('Bearer error="insufficient_scope"');
      throw new Problem('forbidden', 'A viewer may read, and change nothing', scope);
    }
    c.set('caller', caller);
    await next();
  };
}

const challenge = (value: string) => ({ headers: { 'www-authenticate': value } });
