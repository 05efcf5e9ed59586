import { type Attributes, context, metrics, propagation, type Span, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { getBooleanFromEnv, W3CTraceContextPropagator } from '@opentelemetry/core';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { PgInstrumentation, type PgRequestHookInformation } from '@opentelemetry/instrumentation-pg';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
import { UndiciInstrumentation, type UndiciRequest } from '@opentelemetry/instrumentation-undici';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { sayComplaints } from './diagnostics.ts';
import { metricReaders, spanProcessors } from './exporters.ts';
import { createLogger } from './logger.ts';
import { withUnits } from './prometheus-names.ts';
import { redactUrl } from './redact.ts';
import { serviceResource } from './resource.ts';
import { telemetryStarted } from './running.ts';
import { samplerFromEnv } from './sampler.ts';

/**
 * Registers OpenTelemetry for this process as the OTEL_* variables say. Without an OTLP endpoint spans still get real
 * ids, for logs and answers. With OTEL_SDK_DISABLED=true trace contexts are passed on and nothing else is done.
 */
export async function startTelemetry(): Promise<void> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  if (getBooleanFromEnv('OTEL_SDK_DISABLED')) return;

  const resource = serviceResource();
  const log = createLogger(String(resource.attributes['service.name']), 'debug');
  sayComplaints(log.child({ component: 'telemetry' }));

  const tracerProvider = new TracerProvider({
    resource,
    sampler: samplerFromEnv(),
    spanProcessors: await spanProcessors(),
  });
  // Never listens: the health server and the API are asked for /metrics and hand out its text.
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

/** No headers are recorded, so no key either. What has no parent is housekeeping and would be a trace of its own. */
const instrumentations = () => [
  new PgInstrumentation({ requireParentSpan: true, ignoreConnectSpans: true, requestHook: nameStatement }),
  new UndiciInstrumentation({ requireParentforSpans: true, startSpanHook: withoutSecrets }),
  new RuntimeNodeInstrumentation(),
];

/** By the conventions a statement's span is named for what it does, not for the library that sends it. */
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
