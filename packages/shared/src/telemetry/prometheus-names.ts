import { DataPointType, type MetricData, type ResourceMetrics } from '@opentelemetry/sdk-metrics';

/** By OpenTelemetry's rules for Prometheus a name ends with its unit; the serializer leaves that out. */
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
