import { diag, ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import { globalErrorHandler } from '@opentelemetry/core';
import { AggregationTemporality, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from './logger.ts';
import { logDiagnostics, withUnits } from './sdk.ts';
import { samplerFromEnv } from './tracing-sdk.ts';

afterEach(() => {
  diag.disable();
  vi.unstubAllEnvs();
});

/** The diagnostics that are logged while `complain` runs, as `level: message`. */
function logged(complain: () => void): string[] {
  const lines: string[] = [];
  const write = (line: string) => {
    const { level, msg } = JSON.parse(line) as { level: string; msg: string };
    lines.push(`${level}: ${msg}`);
  };
  logDiagnostics(createLogger('test', 'debug', { write }));
  complain();
  return lines;
}

describe('SDK diagnostics', () => {
  it('are logged once each', () => {
    const complain = () => {
      for (let batch = 0; batch < 3; batch++) globalErrorHandler(new Error('connect ECONNREFUSED'));
      globalErrorHandler('no route');
      diag.warn('exporter', 'dropped', 5);
    };
    expect(logged(complain)).toEqual([
      'error: telemetry failed: connect ECONNREFUSED',
      'error: telemetry failed: no route',
      'warn: exporter dropped 5',
    ]);
  });

  it('are logged from the level of OTEL_LOG_LEVEL, default warn', () => {
    const complain = () => {
      diag.debug('a detail');
      diag.warn('a warning');
      diag.error('an error');
    };
    expect(logged(complain)).toEqual(['warn: a warning', 'error: an error']);
    vi.stubEnv('OTEL_LOG_LEVEL', 'debug');
    expect(logged(complain)).toContain('debug: a detail');
    vi.stubEnv('OTEL_LOG_LEVEL', 'none');
    expect(logged(complain)).toEqual([]);
  });
});

afterEach(() => vi.unstubAllEnvs());

describe('OTEL_TRACES_SAMPLER', () => {
  it.each([
    ['', '', /^ParentBased\{root=AlwaysOnSampler,/],
    ['always_on', '', /^AlwaysOnSampler$/],
    ['always_off', '', /^AlwaysOffSampler$/],
    ['traceidratio', '0.25', /^TraceIdRatioBased\{0\.25\}$/],
    ['traceidratio', '', /^TraceIdRatioBased\{1\}$/],
    ['parentbased_always_off', '', /^ParentBased\{root=AlwaysOffSampler,/],
    ['parentbased_traceidratio', '0.1', /^ParentBased\{root=TraceIdRatioBased\{0\.1\},/],
    ['xray', '', /^ParentBased\{root=AlwaysOnSampler,/],
  ])('"%s" with argument "%s" means %s', (name, argument, expected) => {
    vi.stubEnv('OTEL_TRACES_SAMPLER', name);
    vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', argument);
    expect(samplerFromEnv().toString()).toMatch(expected);
  });

  it('samples by the ratio', () => {
    vi.stubEnv('OTEL_TRACES_SAMPLER', 'traceidratio');
    vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', '0');
    const { decision } = samplerFromEnv().shouldSample(
      ROOT_CONTEXT,
      'f'.repeat(32),
      'x',
      SpanKind.INTERNAL,
      {},
      [],
    );
    expect(decision).toBe(0);
  });
});

class Reader extends MetricReader {
  override selectAggregationTemporality = () => AggregationTemporality.CUMULATIVE;
  protected override onShutdown = () => Promise.resolve();
  protected override onForceFlush = () => Promise.resolve();
}

it('appends the unit to a metric name', async () => {
  const reader = new Reader();
  const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
  meter.createHistogram('call.duration', { unit: 's' }).record(1);
  meter.createGauge('heap.used', { unit: 'By' }).record(1);
  meter.createGauge('utilization', { unit: '1' }).record(1);
  meter.createCounter('tries', { unit: '1' }).add(1);
  meter.createCounter('calls', { unit: '{call}' }).add(1);
  const { resourceMetrics } = await reader.collect();
  const names = withUnits(resourceMetrics).scopeMetrics.flatMap(({ metrics }) =>
    metrics.map(({ descriptor }) => descriptor.name),
  );
  expect(names).toEqual(['call.duration_seconds', 'heap.used_bytes', 'utilization_ratio', 'tries', 'calls']);
});
