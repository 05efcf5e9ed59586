import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import {
  type Attributes,
  context,
  diag,
  DiagLogLevel,
  metrics,
  propagation,
  type Span,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  diagLogLevelFromString,
  getBooleanFromEnv,
  getNumberFromEnv,
  getStringFromEnv,
  setGlobalErrorHandler,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { PgInstrumentation, type PgRequestHookInformation } from '@opentelemetry/instrumentation-pg';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
import { UndiciInstrumentation, type UndiciRequest } from '@opentelemetry/instrumentation-undici';
import {
  defaultResource,
  detectResources,
  type Resource,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import {
  DataPointType,
  type IMetricReader,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { createLogger, type Logger, redactUrl } from './logger.ts';
import { telemetryStarted } from './metrics.ts';

/** Starts OpenTelemetry as the OTEL_* variables define. Without an endpoint, spans still get ids for the log. */
export async function startTelemetry(): Promise<void> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  if (getBooleanFromEnv('OTEL_SDK_DISABLED')) return;

  const resource = serviceResource();
  const log = createLogger(String(resource.attributes['service.name']), 'debug');
  logDiagnostics(log.child({ component: 'telemetry' }));

  const tracerProvider = new TracerProvider({
    resource,
    sampler: samplerFromEnv(),
    spanProcessors: await spanProcessors(),
  });
  // Without its own server: the health server and the API serve /metrics.
  const prometheus = new PrometheusExporter({ preventServerStart: true });
  const meterProvider = new MeterProvider({ resource, readers: [prometheus, ...(await metricReaders())] });
  trace.setGlobalTracerProvider(tracerProvider);
  metrics.setGlobalMeterProvider(meterProvider);
  registerInstrumentations({ tracerProvider, meterProvider, instrumentations: instrumentations() });

  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true);
  telemetryStarted({
    metricsText: async () => serializer.serialize(withUnits((await prometheus.collect()).resourceMetrics)),
    stop: async () => {
      await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
    },
  });
}

/** Headers are not recorded, so neither is the API key. Calls without a parent span are housekeeping, and not traced. */
const instrumentations = () => [
  new PgInstrumentation({ requireParentSpan: true, ignoreConnectSpans: true, requestHook: nameStatement }),
  new UndiciInstrumentation({ requireParentforSpans: true, startSpanHook: withoutSecrets }),
  new RuntimeNodeInstrumentation(),
];

/** Names a query's span after its operation, as the conventions require. */
function nameStatement(span: Span, { query, connection }: PgRequestHookInformation): void {
  const operation = /^\s*(\w+)/.exec(query.text)?.[1]?.toUpperCase();
  if (operation === undefined) return;
  span.setAttribute('db.operation.name', operation);
  span.updateName(`${operation} ${connection.database}`);
}

function withoutSecrets({ origin, path }: UndiciRequest): Attributes {
  const { href, search } = new URL(path, origin);
  return { 'url.full': redactUrl(href), 'url.query': redactUrl(search) };
}

/** Namespace, name and version of the main script's package. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence. */
function serviceResource(): Resource {
  const { name, version } = mainPackage();
  const own = resourceFromAttributes({
    'service.namespace': 'paceline',
    ...(name && { 'service.name': name.replace(/^@[^/]*\//, '') }),
    ...(version && { 'service.version': version }),
  });
  const detectors = [serviceInstanceIdDetector, resourceAttributesEnvDetector, serviceNameEnvDetector];
  return defaultResource().merge(own).merge(detectResources({ detectors }));
}

function mainPackage(): { name?: string; version?: string } {
  const script = process.argv[1];
  const path = script && findPackageJSON(pathToFileURL(script));
  return path ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

/** The sampler of OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG; default parentbased_always_on. */
export function samplerFromEnv(): Sampler {
  const name = getStringFromEnv('OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on';
  const root = rootSamplers[name.replace(/^parentbased_/, '')]?.();
  if (!root) {
    diag.warn(`unknown OTEL_TRACES_SAMPLER=${name}, sampling every trace`);
    return new ParentBasedSampler({ root: new AlwaysOnSampler() });
  }
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

const rootSamplers: Readonly<Partial<Record<string, () => Sampler>>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: () => new TraceIdRatioBasedSampler(getNumberFromEnv('OTEL_TRACES_SAMPLER_ARG') ?? 1),
};

/** Logs each diagnostic once, as an unreachable collector fails every few seconds. The level is OTEL_LOG_LEVEL, default warn. */
export function logDiagnostics(log: Logger): void {
  const logged = new Set<string>();
  const once =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, ...details: unknown[]) => {
      const text = format(message, ...details);
      if (logged.has(text)) return;
      logged.add(text);
      log[level](text);
    };
  const logLevel = diagLogLevelFromString(getStringFromEnv('OTEL_LOG_LEVEL')) ?? DiagLogLevel.WARN;
  diag.setLogger(
    {
      verbose: once('debug'),
      debug: once('debug'),
      info: once('info'),
      warn: once('warn'),
      error: once('error'),
    },
    { logLevel },
  );
  setGlobalErrorHandler((error) =>
    diag.error(`telemetry failed: ${typeof error === 'string' ? error : error.message}`),
  );
}

/** Appends units to metric names, which OpenTelemetry requires for Prometheus but the serializer omits. */
export const withUnits = (collected: ResourceMetrics): ResourceMetrics => ({
  ...collected,
  scopeMetrics: collected.scopeMetrics.map(({ scope, metrics }) => ({ scope, metrics: metrics.map(named) })),
});

function named(metric: MetricData): MetricData {
  const { name, unit } = metric.descriptor;
  const suffix = unit === '1' && metric.dataPointType === DataPointType.GAUGE ? 'ratio' : units[unit];
  if (suffix === undefined) return metric;
  return { ...metric, descriptor: { ...metric.descriptor, name: `${name}_${suffix}` } } as MetricData;
}

const units: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes' };

// An exporter without a receiver delays shutdown by seconds, so there is only one when an endpoint is set.
// The exporters read paths, headers, timeouts and compression from OTEL_EXPORTER_OTLP_* themselves.

/** Sends spans over OTLP; none without an endpoint for traces. */
async function spanProcessors(): Promise<SpanProcessor[]> {
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

/** Sends metrics over OTLP; none without an endpoint for metrics. */
async function metricReaders(): Promise<IMetricReader[]> {
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
function positive(name: string, fallback: number): number {
  const value = getNumberFromEnv(name);
  return value !== undefined && value > 0 ? value : fallback;
}

/** The protocol of a signal; undefined when it has no endpoint or is off (OTEL_METRICS_EXPORTER=none). */
function protocolOf(signal: 'TRACES' | 'METRICS'): 'http/protobuf' | 'http/json' | undefined {
  const setting = (name: string) =>
    getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal}_${name}`) ??
    getStringFromEnv(`OTEL_EXPORTER_OTLP_${name}`);
  if (!setting('ENDPOINT') || getStringFromEnv(`OTEL_${signal}_EXPORTER`) === 'none') return undefined;
  const protocol = setting('PROTOCOL') ?? 'http/protobuf';
  if (protocol === 'http/json' || protocol === 'http/protobuf') return protocol;
  diag.warn(`OTLP over ${protocol} is not supported, sending ${signal.toLowerCase()} as http/protobuf`);
  return 'http/protobuf';
}
