export { type HealthServer, type HealthSettings, startHealthServer } from './health.ts';
export { type Checks, type Readiness, readiness } from './health.ts';
export { runService } from './run-service.ts';
export type { RunningService, RuntimeConfig, Service, ServiceContext } from './run-service.ts';
