import { setTimeout as sleep } from 'node:timers/promises';
import { diag, type Histogram, type Meter, metrics } from '@opentelemetry/api';

export type { Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api';

/** The meter of Paceline's own metrics. Telemetry must have started, which `--import` ensures. */
export const meter = (): Meter => metrics.getMeter('paceline');

/** Seconds, from a fast call to the wait for a rider slot. */
const boundaries = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 10_800, 21_600];

/** A histogram of durations in seconds of project time. */
export const durations = (name: string, description: string): Histogram =>
  meter().createHistogram(name, {
    unit: 's',
    description,
    advice: { explicitBucketBoundaries: boundaries },
  });

export interface Telemetry {
  metricsText(): Promise<string>;
  stop(): Promise<void>;
}

const maxStopMs = 2_000;

// The SDK is heavy, so only telemetry/start loads it and registers itself here.
let running: Telemetry | undefined;

export function telemetryStarted(telemetry: Telemetry): void {
  running = telemetry;
}

/** All metrics of this process in the Prometheus text format; a comment when telemetry isn't started. */
export async function metricsText(): Promise<string> {
  return running ? running.metricsText() : '# telemetry is not started\n';
}

/** Sends pending data and stops, within 2 s. Never rejects; safe to call again. */
export async function stopTelemetry(): Promise<void> {
  const stopping = running?.stop().catch((error: unknown) => {
    diag.error(`telemetry failed: ${error instanceof Error ? error.message : String(error)}`);
  });
  running = undefined;
  await Promise.race([stopping, sleep(maxStopMs, undefined, { ref: false })]);
}
