import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { context, diag, DiagLogLevel, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  diagLogLevelFromString,
  getBooleanFromEnv,
  getStringFromEnv,
  setGlobalErrorHandler,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
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
  MeterProvider,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { AlwaysOffSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { measureHttpCalls } from './http-calls.ts';
import { createLogger, type Logger } from './logger.ts';
import { telemetryStarted } from './metrics.ts';
import { metricReaders, protocolOf } from './otlp.ts';

/** Real ms between two checks of the event loop's delay, which its metrics include. Each one wakes the process. */
const loopCheckMs = 100;

/** Starts OpenTelemetry as the OTEL_* variables define. Without an endpoint, spans record nothing but their ids for the log. */
export async function startTelemetry(): Promise<void> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  if (getBooleanFromEnv('OTEL_SDK_DISABLED')) return;

  const resource = serviceResource();
  const log = createLogger(String(resource.attributes['service.name']), 'debug');
  logDiagnostics(log.child({ component: 'telemetry' }));

  const protocol = protocolOf('TRACES');
  const tracing = protocol && (await import('./tracing-sdk.ts'));
  const tracerProvider = new TracerProvider({
    resource,
    sampler: tracing?.samplerFromEnv() ?? new AlwaysOffSampler(),
    spanProcessors: tracing ? [await tracing.spanProcessor(protocol)] : [],
  });
  // Without its own server: the health server and the API serve /metrics.
  const prometheus = new PrometheusExporter({ preventServerStart: true });
  const meterProvider = new MeterProvider({ resource, readers: [prometheus, ...(await metricReaders())] });
  trace.setGlobalTracerProvider(tracerProvider);
  metrics.setGlobalMeterProvider(meterProvider);
  const runtime = new RuntimeNodeInstrumentation({ monitoringPrecision: loopCheckMs });
  registerInstrumentations({ meterProvider, instrumentations: [runtime] });
  measureHttpCalls(metrics.getMeter('paceline'));
  tracing?.traceLibraries(tracerProvider);

  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true);
  telemetryStarted({
    metricsText: async () => serializer.serialize(withUnits((await prometheus.collect()).resourceMetrics)),
    stop: async () => {
      await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
    },
  });
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
