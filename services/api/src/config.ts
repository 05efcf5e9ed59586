import {
  brokerTlsVariables,
  type Config,
  freshnessVariableNames,
  loadConfigOrExit,
} from '@paceline/shared/config';

export const needed = [
  'API_HOST',
  'API_PORT',
  'API_CORS_ORIGINS',
  'API_RATE_LIMIT',
  'API_COMMAND_QUEUE',
  'API_IDEMPOTENCY',
  'API_SHUTDOWN_DELAY',
  'RETENTION_HISTORY',
  'RETENTION_EVENTS',
  'RETENTION_COPIES',
  'RETENTION_RIDER_HISTORY',
  'NATS_URL',
  'DATABASE_URL',
  // Only used to derive the account name; the API never calls upstream.
  'ZWIFTRACING_API_KEY',
  'PACELINE_CLOCK',
  'LOG_LEVEL',
  ...freshnessVariableNames,
] as const;
export const optional = [
  'UPSTREAMS',
  ...brokerTlsVariables,
  'API_TLS_CERT',
  'API_TLS_KEY',
  'API_TOKEN',
  'API_VIEWER_TOKEN',
  'API_PUBLIC_URL',
  'API_TRACE_URL',
  'SLACK_WEBHOOK_URL',
] as const;

export type ApiConfig = Config<(typeof needed)[number], (typeof optional)[number]>;

export const readConfig = (): ApiConfig => loadConfigOrExit(needed, optional);
