import { realTime } from '@paceline/shared/clock';
import {
  brokerTlsVariables,
  type Config,
  freshnessVariableNames,
  loadConfig,
  orExit,
} from '@paceline/shared/config';
import { type OpenUpstream, openUpstreams } from '@paceline/shared/upstreams/open';

const needed = [
  'API_HOST',
  'API_PORT',
  'UPSTREAMS',
  'API_UPSTREAMS',
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
  // To derive the account's name; the API calls only the upstreams of API_UPSTREAMS.
  'ZWIFTRACING_API_KEY',
  'PACELINE_CLOCK',
  'LOG_LEVEL',
  ...freshnessVariableNames,
] as const;
const optional = [
  ...brokerTlsVariables,
  'API_TLS_CERT',
  'API_TLS_KEY',
  'API_TOKEN',
  'API_VIEWER_TOKEN',
  'API_PROGRAM_TOKENS',
  'API_PUBLIC_URL',
  'API_TRACE_URL',
  'SLACK_WEBHOOK_URL',
] as const;

export type ApiConfig = Config<(typeof needed)[number], (typeof optional)[number]> & {
  /** Those of API_UPSTREAMS. */
  readonly upstreams: readonly OpenUpstream[];
};

/** @throws {ConfigError} naming every problem, never a value */
export function loadApiConfig(env: NodeJS.ProcessEnv): ApiConfig {
  const opened = ({
    API_UPSTREAMS = [],
    PACELINE_CLOCK = realTime,
  }: Partial<Config<(typeof needed)[number]>>) => openUpstreams(env, API_UPSTREAMS, PACELINE_CLOCK);
  const config = loadConfig(env, needed, optional, (values) => opened(values).problems);
  return { ...config, upstreams: opened(config).open };
}

export const readConfig = (): ApiConfig => orExit(() => loadApiConfig(process.env));
