import { type Histogram, type Meter, metrics } from '@opentelemetry/api';

export type { Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api';

/** The meter that Paceline's own instruments come from. Take it after telemetry has started: `--import` sees to it. */
export const meter = (): Meter => metrics.getMeter('paceline');

/** Seconds: from a quick call to the wait for a rider slot. */
const boundaries = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 10_800, 21_600];

/** Measures how long something takes, in seconds of project time. */
export const durations = (name: string, description: string): Histogram =>
  meter().createHistogram(name, {
    unit: 's',
    description,
    advice: { explicitBucketBoundaries: boundaries },
  });
