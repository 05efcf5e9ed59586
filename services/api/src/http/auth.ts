import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { Problem } from './problem.ts';

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Lets only requests pass that carry the token; how long the comparison takes tells nothing about it. */
export function requireToken(token: string): MiddlewareHandler {
  const expected = digest(token);
  return async (c, next) => {
    const [, given] = /^Bearer +(\S+) *$/i.exec(c.req.header('authorization') ?? '') ?? [];
    if (given === undefined) {
      throw new Problem('unauthorized', 'The request carries no bearer token', challenge('Bearer'));
    }
    if (!timingSafeEqual(digest(given), expected)) {
      throw new Problem(
        'unauthorized',
        'The token is not the right one',
        challenge('Bearer error="invalid_token"'),
      );
    }
    await next();
  };
}

const challenge = (value: string) => ({ headers: { 'www-authenticate': value } });
