import type { Clock } from '../clock/index.ts';
import type { Config } from '../config/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { Checks } from './readiness.ts';

/** What every service reads. Without HEALTH_PORT it has no health server: it serves its own. */
export type RuntimeConfig = Config<'LOG_LEVEL' | 'PACELINE_CLOCK', 'HEALTH_HOST' | 'HEALTH_PORT'>;

/** What a service is given to start with. */
export interface ServiceContext<C> {
  readonly name: string;
  readonly config: C;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborts when shutdown begins. */
  readonly signal: AbortSignal;
}

/** What a service hands back when it has started. */
export interface RunningService {
  readonly checks: Checks;
  /** Phase 1: takes no new work and finishes what is in hand. */
  drain(): Promise<void>;
  /** Phase 2: closes its connections. */
  close(): Promise<void>;
}

export interface Service<C extends RuntimeConfig> {
  readonly name: string;
  readonly config: C;
  start(context: ServiceContext<C>): Promise<RunningService>;
  /** How long draining may take, in real ms; 10 s unless told. */
  readonly drainMs?: number;
}
