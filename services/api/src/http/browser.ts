import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { isLoopback } from '@paceline/shared/clock';
import { Problem } from './problem.ts';
import { secureHeaders } from 'hono/secure-headers';

export const crossOrigin = (origins: readonly string[]): MiddlewareHandler =>
  cors({
    origin: [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    allowHeaders: [
      'authorization',
      'content-type',
      'idempotency-key',
      'if-match',
      'if-none-match',
      'last-event-id',
      'prefer',
      'traceparent',
      'tracestate',
    ],
    exposeHeaders: [
      'etag',
      'idempotency-replayed',
      'location',
      'preference-applied',
      'ratelimit',
      'ratelimit-policy',
      'retry-after',
      'x-trace-id',
    ],
    maxAge: 600,
  });

/** DNS rebinding: a page whose name points here must not be taken for our own. */
export const loopbackNamesOnly: MiddlewareHandler = async (c, next) => {
  const host = c.req.header('host') ?? '';
  if (!namesLoopback(host)) throw new Problem('misdirected', `"${host}" is not served here`);
  await next();
};

function namesLoopback(host: string): boolean {
  try {
    return isLoopback(`http://${host}`);
  } catch {
    return false;
  }
}

const reads = new Set(['GET', 'HEAD', 'OPTIONS']);

/** CSRF: without a token, only the origin tells a foreign page from its user. */
export const ownPagesOnly =
  (origins: readonly string[]): MiddlewareHandler =>
  async (c, next) => {
    const origin = c.req.header('origin');
    if (!reads.has(c.req.method) && origin !== undefined && !origins.includes(origin)) {
      const own =
        c.req.header('sec-fetch-site') === 'same-origin' || URL.parse(origin)?.host === c.req.header('host');
      if (!own) throw new Problem('foreign-page', `A page of ${origin} may change nothing here`);
    }
    await next();
  };

const noPage = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const common = secureHeaders({
  xFrameOptions: 'DENY',
  // Whoever puts TLS in front of the API decides about this one; below is what holds where it is our own.
  strictTransportSecurity: false,
});

export const securityHeaders: MiddlewareHandler = (c, next) =>
  common(c, async () => {
    await next();
    const { headers } = c.res;
    if (c.req.url.startsWith('https:') && !isLoopback(c.req.url)) {
      headers.set('strict-transport-security', 'max-age=31536000');
    }
    if (!headers.has('content-security-policy')) headers.set('content-security-policy', noPage);
    if (!headers.has('cache-control')) headers.set('cache-control', 'no-store');
  });
