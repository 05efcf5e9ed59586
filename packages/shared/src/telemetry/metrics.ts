import { type Meter, metrics } from '@opentelemetry/api';

export type { Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api';

/** The meter that Paceline's own instruments come from. Take it after telemetry has started: `--import` sees to it. */
export const meter = (): Meter => metrics.getMeter('paceline');
