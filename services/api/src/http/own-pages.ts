import type { MiddlewareHandler } from 'hono';
import { Problem } from './problem.ts';

const reads = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses changes that a browser sends for a page of another origin. What has no body it would send without asking
 * first (CSRF), and where no token is wanted nothing else would tell such a page from its user.
 */
export const ownPagesOnly =
  (origins: readonly string[]): MiddlewareHandler =>
  async (c, next) => {
    const origin = c.req.header('origin');
    if (!reads.has(c.req.method) && origin !== undefined && !origins.includes(origin)) {
      const own = c.req.header('sec-fetch-site') === 'same-origin' || hostOf(origin) === c.req.header('host');
      if (!own) throw new Problem('foreign-page', `A page of ${origin} may change nothing here`);
    }
    await next();
  };

function hostOf(origin: string): string | undefined {
  return URL.parse(origin)?.host;
}
