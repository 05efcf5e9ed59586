import { activeSpan, currentTraceContext, redactUrl } from '@paceline/shared/telemetry';
import type { MiddlewareHandler } from 'hono';

/** Puts the trace's id on the answer: under it Jaeger and the logs tell what happened. */
export const showTraceId: MiddlewareHandler = async (c, next) => {
  await next();
  const [, traceId] = currentTraceContext().traceparent?.split('-') ?? [];
  if (traceId !== undefined) c.res.headers.set('x-trace-id', traceId);
};

/** A token has no place in a URL; where somebody put one all the same, the trace does not pass it on. */
export const hideUrlSecrets: MiddlewareHandler = (c, next) => {
  activeSpan()?.setAttribute('url.full', redactUrl(c.req.url));
  return next();
};
