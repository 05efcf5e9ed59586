import { type Config, loadConfigOrExit } from '@paceline/shared/config';
import type { Schedule } from './core/slots.ts';

export const schedulerVariables = [
  'NATS_URL',
  'SLOT_TIME_ZONE',
  'SLOT_RIDER',
  'SLOT_RIDER_DURATION',
  'SLOT_NEAR',
  'SLOT_NEAR_DURATION',
  'SLOT_FAR',
  'SLOT_FAR_DURATION',
  'PACELINE_CLOCK',
  'HEALTH_HOST',
  'HEALTH_PORT',
  'LOG_LEVEL',
] as const;

export type SchedulerConfig = Config<(typeof schedulerVariables)[number]>;

export const readConfig = (): SchedulerConfig => loadConfigOrExit(schedulerVariables);

export function schedulesOf(config: SchedulerConfig): Schedule[] {
  const timeZone = config.SLOT_TIME_ZONE;
  return [
    { kind: 'rider', cron: config.SLOT_RIDER, durationMs: config.SLOT_RIDER_DURATION, timeZone },
    { kind: 'near', cron: config.SLOT_NEAR, durationMs: config.SLOT_NEAR_DURATION, timeZone },
    { kind: 'far', cron: config.SLOT_FAR, durationMs: config.SLOT_FAR_DURATION, timeZone },
  ];
}
