export { createLogger, type Logger, type LogLevel, redactUrl } from './logger.ts';
export {
  type Counter,
  durations,
  type Histogram,
  type Meter,
  meter,
  metricsText,
  type ObservableGauge,
  stopTelemetry,
} from './metrics.ts';
export {
  activeSpan,
  type Attributes,
  type Context,
  contextFrom,
  currentTraceContext,
  extractTraceContext,
  injectTraceContext,
  inSpan,
  type Link,
  linksTo,
  recordError,
  type Span,
  SpanKind,
  type SpanSettings,
  withTraceContext,
} from './tracing.ts';
