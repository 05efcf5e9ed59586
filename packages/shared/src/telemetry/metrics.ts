import { setTimeout as sleep } from 'node:timers/promises';
import { diag, type Histogram, type Meter, metrics } from '@opentelemetry/api';

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

export interface Telemetry {
  metricsText(): Promise<string>;
  stop(): Promise<void>;
}

const longestStopMs = 2_000;

// The SDK is heavy, so only telemetry/start loads it and leaves its handle here, if it is loaded at all.
let running: Telemetry | undefined;

export function telemetryStarted(telemetry: Telemetry): void {
  running = telemetry;
}

/** All metrics of this process in the Prometheus text format; a comment when telemetry isn't started. */
export async function metricsText(): Promise<string> {
  return running ? running.metricsText() : '# telemetry is not started\n';
}

/** Sends what is still held back and stops; gives up after 2 s, never fails, may be called again. */
export async function stopTelemetry(): Promise<void> {
  const stopping = running?.stop().catch((error: unknown) => {
    diag.error(`telemetry failed: ${error instanceof Error ? error.message : String(error)}`);
  });
  running = undefined;
  await Promise.race([stopping, sleep(longestStopMs, undefined, { ref: false })]);
}
