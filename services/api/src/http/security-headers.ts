import { isLoopback } from '@paceline/shared/clock';
import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';

/** Nothing that the API answers is a page, unless its route says so. */
const noPage = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const common = secureHeaders({
  xFrameOptions: 'DENY',
  // Whoever puts TLS in front of the API decides about this one; below is what holds where it is our own.
  strictTransportSecurity: false,
});

/** Headers that keep browsers from doing more with an answer than was meant. */
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
