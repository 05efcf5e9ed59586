import { type Clock, createClock, pause } from '../clock/index.ts';
import { type Config, ConfigError, configExitCode } from '../config/index.ts';
import type { MonitoredService } from '../contracts/index.ts';
import type { Bus } from '../messaging/index.ts';
import { createLogger, type Logger, metricsText, stopTelemetry } from '../telemetry/index.ts';
import { type Checks, startHealthServer } from './health.ts';
import { announcePresence } from './presence.ts';
import { logReadiness } from './readiness-log.ts';
import { onShutdown, shutDown } from './shutdown.ts';

/** A service without HEALTH_PORT serves its health endpoints itself. */
export type RuntimeConfig = Config<'LOG_LEVEL' | 'PACELINE_CLOCK', 'HEALTH_HOST' | 'HEALTH_PORT'>;

export interface ServiceContext<C> {
  readonly name: string;
  readonly config: C;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborts when shutdown starts. */
  readonly signal: AbortSignal;
}

export interface RunningService {
  readonly checks: Checks;
  /** How its processes announce themselves to the API; the API itself has none. */
  readonly presence?: { readonly service: MonitoredService; readonly bus: Bus };
  /** On a stop signal, for services behind a load balancer: not ready from now on, but serves for another `leaveMs`. */
  leave?(): void;
  /** Phase 1: takes no new work and finishes the work in progress. */
  drain(): Promise<void>;
  /** Phase 2: closes its connections. */
  close(): Promise<void>;
}

export interface ServiceDefinition<C extends RuntimeConfig> {
  readonly name: string;
  readonly config: C;
  start(context: ServiceContext<C>): Promise<RunningService>;
  /** How long a running service still serves after a stop signal, real ms; default 0. */
  readonly leaveMs?: number;
  /** Max duration of draining, real ms; default 10 s. */
  readonly drainMs?: number;
}

const closeMs = 5_000;
const telemetryMs = 3_000;

/** Runs a service until a signal or an uncaught error. Resolves when started; exits with 1, or 78 (configuration), when it can't start. */
export async function runService<C extends RuntimeConfig>(service: ServiceDefinition<C>): Promise<void> {
  const { name, config, leaveMs = 0, drainMs = 10_000 } = service;
  const log = createLogger(name, config.LOG_LEVEL);
  const clock = createClock(config.PACELINE_CLOCK);
  const stopping = new AbortController();
  const { signal } = stopping;
  let running: RunningService | undefined;
  let leave = () => {};
  let stopLogging = () => {};

  const start = async () => {
    await serveHealth(config, log, () =>
      signal.aborted ? notReady('shutting down') : (running?.checks ?? notReady('starting')),
    );
    running = await service.start({ name, config, clock, log, signal });
    const { presence, checks } = running;
    if (!signal.aborted) stopLogging = logReadiness({ checks, machine: clock.machine, log });
    if (presence && !signal.aborted)
      ({ leave } = announcePresence({ ...presence, checks, machine: clock.machine }));
  };
  const starting = start();

  const leaveService = async () => {
    stopLogging();
    if (!running || leaveMs === 0) return;
    running.leave?.();
    log.info({ leaveMs }, 'not ready any more, still serving');
    await pause(clock.machine, leaveMs);
  };

  onShutdown(log, async (isCrash) => {
    if (!isCrash) await leaveService();
    stopping.abort(new Error('shutting down'));
    leave();
    stopLogging();
    const startedService = () => starting.catch(() => undefined).then(() => running);
    return shutDown(
      [
        { name: 'drain', limitMs: drainMs, run: async () => (await startedService())?.drain() },
        { name: 'close', limitMs: closeMs, run: async () => (await startedService())?.close() },
        { name: 'telemetry', limitMs: telemetryMs, run: stopTelemetry },
      ],
      log,
    );
  });

  try {
    await starting;
    log.info('started');
  } catch (error) {
    if (signal.aborted) return;
    log.fatal({ err: error }, `failed to start: ${error instanceof Error ? error.message : String(error)}`);
    await stopTelemetry();
    process.exit(error instanceof ConfigError ? configExitCode : 1);
  }
}

async function serveHealth(config: RuntimeConfig, log: Logger, checks: () => Checks): Promise<void> {
  if (config.HEALTH_PORT === undefined) return;
  const host = config.HEALTH_HOST ?? '127.0.0.1';
  const { url } = await startHealthServer({ host, port: config.HEALTH_PORT, checks, metricsText });
  log.info({ url }, 'serving /livez, /readyz and /metrics');
}

export const notReady = (reason: string): Checks => ({
  service() {
    throw new Error(reason);
  },
});
