import type { Context, MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { isLoopback } from '@paceline/shared/clock';
import { Problem } from './problem.ts';
import { secureHeaders } from 'hono/secure-headers';

export const crossOrigin = (origins: readonly string[]): MiddlewareHandler =>
  cors({
    origin: [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: [
      'authorization',
      'content-type',
      'idempotency-key',
      'if-match',
      'if-none-match',
      'last-event-id',
      'paceline-lane',
      'prefer',
      'traceparent',
      'tracestate',
    ],
    exposeHeaders: [
      'age',
      'etag',
      'idempotency-replayed',
      'location',
      'paceline-permit',
      'preference-applied',
      'proxy-status',
      'ratelimit',
      'ratelimit-policy',
      'retry-after',
      'server-timing',
      'x-trace-id',
    ],
    maxAge: 600,
  });

/** Against DNS rebinding: a page under a host name that points to this machine would look like our own. */
export const loopbackHostsOnly: MiddlewareHandler = async (c, next) => {
  const host = c.req.header('host') ?? '';
  if (!isLoopbackHost(host)) throw new Problem('misdirected', `Host "${host}" is not a loopback name`);
  await next();
};

function isLoopbackHost(host: string): boolean {
  try {
    return isLoopback(`http://${host}`);
  } catch {
    return false;
  }
}

const readMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Against CSRF: without a token, only the origin distinguishes another site's page from its user. */
export const blockCrossOriginChanges =
  (origins: readonly string[]): MiddlewareHandler =>
  async (c, next) => {
    if (!readMethods.has(c.req.method)) requireOwnOrigin(c, origins);
    await next();
  };

/** As `blockCrossOriginChanges`, for what a read changes too: the GET of an image on another site spends a call. */
export const blockCrossOriginReads =
  (origins: readonly string[]): MiddlewareHandler =>
  async (c, next) => {
    requireOwnOrigin(c, origins);
    if (
      c.req.header('origin') === undefined &&
      /^(?:cross|same)-site$/.test(c.req.header('sec-fetch-site') ?? '')
    )
      throw new Problem('cross-origin-blocked', 'Pages of another site cannot call an upstream');
    await next();
  };

/** @throws {Problem} */
function requireOwnOrigin(c: Context, origins: readonly string[]): void {
  const origin = c.req.header('origin');
  if (origin === undefined || origins.includes(origin)) return;
  const isOwnPage =
    c.req.header('sec-fetch-site') === 'same-origin' || URL.parse(origin)?.host === c.req.header('host');
  if (!isOwnPage) throw new Problem('cross-origin-blocked', `Pages of ${origin} cannot change anything here`);
}

const policyWithoutPage = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const common = secureHeaders({
  xFrameOptions: 'DENY',
  // A TLS proxy in front of the API sets its own; with our own TLS it is set below.
  strictTransportSecurity: false,
});

export const securityHeaders: MiddlewareHandler = (c, next) =>
  common(c, async () => {
    await next();
    const { headers } = c.res;
    if (c.req.url.startsWith('https:') && !isLoopback(c.req.url)) {
      headers.set('strict-transport-security', 'max-age=31536000');
    }
    if (!headers.has('content-security-policy')) headers.set('content-security-policy', policyWithoutPage);
    if (!headers.has('cache-control')) headers.set('cache-control', 'no-store');
  });
