import { AggregationTemporality, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { expect, it } from 'vitest';
import { withUnits } from './prometheus-names.ts';

class Reader extends MetricReader {
  override selectAggregationTemporality = () => AggregationTemporality.CUMULATIVE;
  protected override onShutdown = () => Promise.resolve();
  protected override onForceFlush = () => Promise.resolve();
}

it('says the unit in the name of a metric, where there is one', async () => {
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
