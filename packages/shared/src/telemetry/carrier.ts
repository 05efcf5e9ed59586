import { type Context, context, propagation } from '@opentelemetry/api';
import type { TraceContext } from '../contracts/index.ts';

/** The active trace context as plain fields, to travel inside a payload; empty when there is none. */
export function currentTraceContext(): TraceContext {
  const carrier: TraceContext = {};
  propagation.inject(context.active(), carrier);
  return carrier;
}

/** The context that a carrier speaks of; the active one when the carrier is empty or unreadable. */
export function contextFrom(carrier: TraceContext): Context {
  return propagation.extract(context.active(), carrier);
}

/** Runs `fn` inside the carrier's trace: spans that it starts become children of the sender's. */
export function withTraceContext<T>(carrier: TraceContext, fn: () => T): T {
  return context.with(contextFrom(carrier), fn);
}
