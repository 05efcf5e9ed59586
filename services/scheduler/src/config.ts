import {
  brokerTlsVariables,
  type Config,
  freshnessVariableNames,
  loadConfigOrExit,
  slotVariableNames,
} from '@paceline/shared/config';

export const schedulerVariables = [
  'NATS_URL',
  ...slotVariableNames,
  // Needed to check schedule changes.
  ...freshnessVariableNames,
  'UPSTREAMS',
  'ZWIFTRACING_TIER',
  'ZWIFTRACING_CLUB_IDS',
  'PACELINE_CLOCK',
  'HEALTH_HOST',
  'HEALTH_PORT',
  'LOG_LEVEL',
] as const;

export type SchedulerConfig = Config<(typeof schedulerVariables)[number]>;

export const readConfig = (): SchedulerConfig => loadConfigOrExit(schedulerVariables, brokerTlsVariables);
