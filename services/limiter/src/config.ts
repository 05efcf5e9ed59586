import { brokerTlsVariables, type Config, loadConfigOrExit } from '@paceline/shared/config';

export const limiterVariables = [
  'NATS_URL',
  'DATABASE_URL',
  'UPSTREAMS',
  'ZWIFTRACING_TIER',
  'RETENTION_JOURNAL',
  'PACELINE_CLOCK',
  'HEALTH_HOST',
  'HEALTH_PORT',
  'LOG_LEVEL',
] as const;

export type LimiterConfig = Config<(typeof limiterVariables)[number]>;

export const readConfig = (): LimiterConfig => loadConfigOrExit(limiterVariables, brokerTlsVariables);
