import {
  type Context,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  trace,
} from '@opentelemetry/api';
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

/** A link to each span that the carriers speak of; none for those that are empty or unreadable. */
export const linksTo = (...carriers: readonly TraceContext[]): Link[] =>
  carriers.flatMap((carrier) => {
    const linked = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, carrier));
    return linked ? [{ context: linked }] : [];
  });

/** The span that work is done in now, for whoever learns only later what it has to do with. */
export const activeSpan = (): Span | undefined => trace.getActiveSpan();
