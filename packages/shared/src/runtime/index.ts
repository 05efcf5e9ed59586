export {
  type Checks,
  type HealthServer,
  type HealthSettings,
  type Readiness,
  readiness,
  startHealthServer,
} from './health.ts';
export {
  type RunningService,
  runService,
  type RuntimeConfig,
  type Service,
  type ServiceContext,
} from './run-service.ts';
