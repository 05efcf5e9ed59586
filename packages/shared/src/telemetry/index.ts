export { activeSpan, contextFrom, currentTraceContext, linksTo, withTraceContext } from './tracing.ts';
export { createLogger, type Logger, type LogLevel } from './logger.ts';
export {
  type Counter,
  durations,
  type Histogram,
  type Meter,
  meter,
  type ObservableGauge,
} from './metrics.ts';
export { extractTraceContext, injectTraceContext } from './tracing.ts';
export { redactUrl } from './logger.ts';
export { metricsText, stopTelemetry } from './metrics.ts';
export {
  type Attributes,
  type Context,
  inSpan,
  type Link,
  recordError,
  type Span,
  SpanKind,
  type SpanSettings,
} from './tracing.ts';
