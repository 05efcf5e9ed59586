import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';

/** Lets pages of these origins use the API from a browser, and no others. */
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
