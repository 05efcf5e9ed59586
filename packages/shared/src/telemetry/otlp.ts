import { diag } from '@opentelemetry/api';
import { getNumberFromEnv, getStringFromEnv } from '@opentelemetry/core';
import { type IMetricReader, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';

// An exporter without a receiver delays shutdown by seconds, so there is only one when an endpoint is set.
// The exporters read paths, headers, timeouts and compression from OTEL_EXPORTER_OTLP_* themselves.

export type Protocol = 'http/protobuf' | 'http/json';

/** Sends metrics over OTLP; none without an endpoint for metrics. */
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
    // The SDK throws when the timeout exceeds the interval, which must not keep a service from starting.
    exportTimeoutMillis: Math.min(exportTimeoutMillis, exportIntervalMillis),
  });
  return [periodic];
}

/** A positive number from the environment. Other values are ignored, as the SDK would throw or hang. */
export function positive(name: string, fallback: number): number {
  const value = getNumberFromEnv(name);
  return value !== undefined && value > 0 ? value : fallback;
}

/** The protocol of a signal; undefined when it has no endpoint or is off (OTEL_METRICS_EXPORTER=none). */
export function protocolOf(signal: 'TRACES' | 'METRICS'): Protocol | undefined {
  const setting = (name: string) =>
    getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal}_${name}`) ??
    getStringFromEnv(`OTEL_EXPORTER_OTLP_${name}`);
  if (!setting('ENDPOINT') || getStringFromEnv(`OTEL_${signal}_EXPORTER`) === 'none') return undefined;
  const protocol = setting('PROTOCOL') ?? 'http/protobuf';
  if (protocol === 'http/json' || protocol === 'http/protobuf') return protocol;
  diag.warn(`OTLP over ${protocol} is not supported, sending ${signal.toLowerCase()} as http/protobuf`);
  return 'http/protobuf';
}
