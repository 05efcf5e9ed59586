import { currentTraceContext } from '@paceline/shared/telemetry';
import type { MiddlewareHandler } from 'hono';

/** Puts the trace's id on the answer: under it Jaeger and the logs tell what happened. */
export const showTraceId: MiddlewareHandler = async (c, next) => {
  await next();
  const [, traceId] = currentTraceContext().traceparent?.split('-') ?? [];
  if (traceId !== undefined) c.res.headers.set('x-trace-id', traceId);
};
