export { activeSpan, contextFrom, currentTraceContext, linksTo, withTraceContext } from './carrier.ts';
export { createLogger, type Logger, type LogLevel } from './logger.ts';
export {
  type Counter,
  durations,
  type Histogram,
  type Meter,
  meter,
  type ObservableGauge,
} from './metrics.ts';
export { extractTraceContext, injectTraceContext } from './nats-carrier.ts';
export { redactUrl } from './redact.ts';
export { metricsText, stopTelemetry } from './running.ts';
export {
  type Attributes,
  type Context,
  inSpan,
  type Link,
  recordError,
  type Span,
  SpanKind,
  type SpanSettings,
} from './spans.ts';
