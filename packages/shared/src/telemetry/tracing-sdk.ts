// Only loaded when spans are exported: these libraries wrap every statement and call, recorded or not.
import { type Attributes, createNoopMeter, diag, type Span } from '@opentelemetry/api';
import { getNumberFromEnv, getStringFromEnv } from '@opentelemetry/core';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { PgInstrumentation, type PgRequestHookInformation } from '@opentelemetry/instrumentation-pg';
import { UndiciInstrumentation, type UndiciRequest } from '@opentelemetry/instrumentation-undici';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  type TracerProvider,
} from '@opentelemetry/sdk-trace';
import { redactUrl } from './logger.ts';
import { positive, type Protocol } from './otlp.ts';

/**
 * Traces statements and HTTP calls, which are measured elsewhere, also when nothing is traced. Headers are not recorded, so
 * neither is the API key. Calls without a parent span are housekeeping, and not traced.
 */
export function traceLibraries(tracerProvider: TracerProvider): void {
  registerInstrumentations({
    tracerProvider,
    meterProvider: { getMeter: createNoopMeter },
    instrumentations: [
      new PgInstrumentation({
        requireParentSpan: true,
        ignoreConnectSpans: true,
        requestHook: nameStatement,
      }),
      new UndiciInstrumentation({ requireParentforSpans: true, startSpanHook: withoutSecrets }),
    ],
  });
}

/** Names a query's span after the prepared statement or its operation, as the conventions require. */
function nameStatement(span: Span, { query, connection }: PgRequestHookInformation): void {
  if (query.name) {
    span.setAttribute('db.query.summary', query.name);
    span.updateName(`${query.name} ${connection.database}`);
    return;
  }
  const operation = /^\s*(\w+)/.exec(query.text)?.[1]?.toUpperCase();
  if (operation === undefined) return;
  span.setAttribute('db.operation.name', operation);
  span.updateName(`${operation} ${connection.database}`);
}

/** An upstream's key can be a parameter of any name, so no value of a query is recorded. */
function withoutSecrets({ origin, path }: UndiciRequest): Attributes {
  const url = new URL(path, origin);
  url.search = url.search.replaceAll(/=[^&]*/g, '=***');
  return { 'url.full': redactUrl(url.href), 'url.query': url.search };
}

/** Sends spans over OTLP. */
export async function spanProcessor(protocol: Protocol): Promise<SpanProcessor> {
  const { OTLPTraceExporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  return new BatchSpanProcessor({
    exporter: new OTLPTraceExporter(),
    scheduledDelayMillis: positive('OTEL_BSP_SCHEDULE_DELAY', 5_000),
    exportTimeoutMillis: positive('OTEL_BSP_EXPORT_TIMEOUT', 30_000),
    maxQueueSize: positive('OTEL_BSP_MAX_QUEUE_SIZE', 2_048),
    maxExportBatchSize: positive('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512),
  });
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
