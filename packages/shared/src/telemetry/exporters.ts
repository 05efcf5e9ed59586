import { diag } from '@opentelemetry/api';
import { getNumberFromEnv, getStringFromEnv } from '@opentelemetry/core';
import { type IMetricReader, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace';

// An exporter without a receiver costs seconds at shutdown, so there is one only where an endpoint is named.
// Endpoint paths, headers, timeouts and compression are read from OTEL_EXPORTER_OTLP_* by the exporters themselves.

/** What sends spans over OTLP; none when no endpoint for traces is set. */
export async function spanProcessors(): Promise<SpanProcessor[]> {
  const protocol = protocolOf('TRACES');
  if (!protocol) return [];
  const { OTLPTraceExporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  const batches = new BatchSpanProcessor({
    exporter: new OTLPTraceExporter(),
    scheduledDelayMillis: positive('OTEL_BSP_SCHEDULE_DELAY', 5_000),
    exportTimeoutMillis: positive('OTEL_BSP_EXPORT_TIMEOUT', 30_000),
    maxQueueSize: positive('OTEL_BSP_MAX_QUEUE_SIZE', 2_048),
    maxExportBatchSize: positive('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512),
  });
  return [batches];
}

/** What sends metrics over OTLP; none when no endpoint for metrics is set. */
export async function metricReaders(): Promise<IMetricReader[]> {
  const protocol = protocolOf('METRICS');
  if (!protocol) return [];
  const { OTLPMetricExporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-metrics-otlp-http')
      : await import('@opentelemetry/exporter-metrics-otlp-proto');
  const exportIntervalMillis = positive('OTEL_METRIC_EXPORT_INTERVAL', 60_000);
  const exportTimeoutMillis = positive('OTEL_METRIC_EXPORT_TIMEOUT', 30_000);
  const periodic = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis,
    // The SDK throws on a time-out beyond the interval: a short interval alone must not keep a service from starting.
    exportTimeoutMillis: Math.min(exportTimeoutMillis, exportIntervalMillis),
  });
  return [periodic];
}

/** A number from the environment; what is none, or not above 0, is passed over: the SDK would throw or hang on it. */
function positive(name: string, usual: number): number {
  const value = getNumberFromEnv(name);
  return value !== undefined && value > 0 ? value : usual;
}

/** How a signal is encoded; undefined when it has no endpoint or is switched off (OTEL_METRICS_EXPORTER=none). */
function protocolOf(signal: 'TRACES' | 'METRICS'): 'http/protobuf' | 'http/json' | undefined {
  const setting = (name: string) =>
    getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal}_${name}`) ??
    getStringFromEnv(`OTEL_EXPORTER_OTLP_${name}`);
  if (!setting('ENDPOINT') || getStringFromEnv(`OTEL_${signal}_EXPORTER`) === 'none') return undefined;
  const protocol = setting('PROTOCOL') ?? 'http/protobuf';
  if (protocol === 'http/json' || protocol === 'http/protobuf') return protocol;
  diag.warn(`OTLP over ${protocol} is not supported: ${signal.toLowerCase()} are sent as http/protobuf`);
  return 'http/protobuf';
}
