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
  /** Begins a trace of its own. */
  root?: boolean;
}

/**
 * Runs `fn` in an active span that ends when `fn` does. What `fn` throws is recorded on the span, sets its status to
 * error and is thrown on.
 */
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

/** Shows on a span that its work has failed, for whoever handles the error and does not throw it on. */
export function recordError(span: Span, thrown: unknown): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const message = redactUrl(error.message);
  span.recordException({ name: error.name, message, stack: redactUrl(error.stack ?? '') });
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}
