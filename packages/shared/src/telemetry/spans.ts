import {
  type Attributes,
  type Context,
  context,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { redactUrl } from './redact.ts';

export { type Attributes, type Context, type Link, type Span, SpanKind };

export interface SpanSettings {
  kind?: SpanKind;
  attributes?: Attributes;
  /** The context to be a child of; the active one unless told. */
  parent?: Context;
  links?: Link[];
}

/** A span that the caller must end, for work that is not one function's; it isn't made active. */
export function startSpan(name: string, settings: SpanSettings = {}): Span {
  const { parent = context.active(), ...options } = settings;
  return trace.getTracer('paceline').startSpan(name, options, parent);
}

/**
 * Runs `fn` in an active span that ends when `fn` does. What `fn` throws is recorded on the span, sets its status to
 * error and is thrown on.
 */
export async function inSpan<T>(
  name: string,
  settings: SpanSettings,
  fn: (span: Span) => T | Promise<T>,
): Promise<T> {
  const span = startSpan(name, settings);
  try {
    return await context.with(trace.setSpan(settings.parent ?? context.active(), span), fn, undefined, span);
  } catch (error) {
    recordError(span, error);
    throw error;
  } finally {
    span.end();
  }
}

function recordError(span: Span, thrown: unknown): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const message = redactUrl(error.message);
  span.recordException({ name: error.name, message, stack: redactUrl(error.stack ?? '') });
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}
