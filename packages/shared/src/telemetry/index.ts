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
export { reasonOf } from './reason.ts';
export { type RepeatedFailure, repeatedFailure } from './repeated.ts';
export * from './tracing.ts';
