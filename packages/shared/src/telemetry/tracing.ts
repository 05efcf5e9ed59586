import type { MsgHdrs } from '@nats-io/nats-core';
import {
  type Attributes,
  type Context,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import type { TraceContext } from '../contracts/index.ts';
import { redactUrl } from './logger.ts';

export { type Attributes, type Context, type Link, type Span, SpanKind };

export interface SpanSettings {
  kind?: SpanKind;
  attributes?: Attributes;
  /** The parent context; default: the active one. */
  parent?: Context;
  links?: Link[];
  /** Starts a new trace. */
  root?: boolean;
}

/** Runs `fn` in an active span. What it throws is recorded on the span and rethrown. */
export function inSpan<T>(
  name: string,
  settings: SpanSettings,
  fn: (span: Span) => T | Promise<T>,
): Promise<T> {
  const { parent = context.active(), ...options } = settings;
  return trace.getTracer('paceline').startActiveSpan(name, options, parent, async (span) => {
    try {
      return await fn(span);
    } catch (error) {
      recordError(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Marks a span as failed, for code that handles the error itself. */
export function recordError(span: Span, thrown: unknown): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const message = redactUrl(error.message);
  span.recordException({ name: error.name, message, stack: redactUrl(error.stack ?? '') });
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

/** The active trace context as fields for a payload; empty when there is none. */
export function currentTraceContext(): TraceContext {
  const carrier: TraceContext = {};
  propagation.inject(context.active(), carrier);
  return carrier;
}

/** The context of a carrier; the active one when the carrier is empty or invalid. */
export function contextFrom(carrier: TraceContext): Context {
  return propagation.extract(context.active(), carrier);
}

/** Whether the sender's span is recorded. */
export const isSampled = ({ traceparent = '' }: TraceContext): boolean => /[13579bdf]$/.test(traceparent);

/** Runs `fn` in the carrier's context, so that its spans become children of the sender's span. */
export function withTraceContext<T>(carrier: TraceContext, fn: () => T): T {
  return context.with(contextFrom(carrier), fn);
}

/** Links to the spans of the carriers; none for empty or invalid ones. */
export const linksTo = (...carriers: readonly TraceContext[]): Link[] =>
  carriers.flatMap((carrier) => {
    const linked = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, carrier));
    return linked ? [{ context: linked }] : [];
  });

/** The active span, to add attributes later. */
export const activeSpan = (): Span | undefined => trace.getActiveSpan();

const setter: TextMapSetter<MsgHdrs> = {
  set: (carrier, name, value) => carrier.set(name, value),
};

const getter: TextMapGetter<MsgHdrs> = {
  keys: (carrier) => carrier.keys(),
  get: (carrier, name) => (carrier.has(name) ? carrier.get(name) : undefined),
};

/** Adds the active trace context (W3C) to message headers. */
export function injectTraceContext(into: MsgHdrs): void {
  propagation.inject(context.active(), into, setter);
}

/** The trace context of message headers; the active one when they have none. */
export function extractTraceContext(from: MsgHdrs | undefined): Context {
  return from ? propagation.extract(context.active(), from, getter) : context.active();
}
