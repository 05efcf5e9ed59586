import { setTimeout as sleep } from 'node:timers/promises';
import { diag } from '@opentelemetry/api';

/** What a started SDK can be asked for. */
export interface Telemetry {
  metricsText(): Promise<string>;
  stop(): Promise<void>;
}

const longestStopMs = 2_000;

// The SDK is heavy, so only telemetry/start loads it and leaves its handle here, if it is loaded at all.
let running: Telemetry | undefined;

/** Called once by the SDK when it has started. */
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
