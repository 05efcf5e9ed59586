import type { Config } from '@paceline/shared/config';
import type { Schedule } from './slots.ts';

/** The variables that say when the slots are. */
export const slotVariables = [
  'SLOT_TIME_ZONE',
  'SLOT_RIDER',
  'SLOT_RIDER_DURATION',
  'SLOT_NEAR',
  'SLOT_NEAR_DURATION',
  'SLOT_FAR',
  'SLOT_FAR_DURATION',
] as const;

/** The schedules that a configuration means, one for each kind. */
export function schedulesOf(config: Config<(typeof slotVariables)[number]>): Schedule[] {
  const timeZone = config.SLOT_TIME_ZONE;
  return [
    { kind: 'rider', cron: config.SLOT_RIDER, durationMs: config.SLOT_RIDER_DURATION, timeZone },
    { kind: 'near', cron: config.SLOT_NEAR, durationMs: config.SLOT_NEAR_DURATION, timeZone },
    { kind: 'far', cron: config.SLOT_FAR, durationMs: config.SLOT_FAR_DURATION, timeZone },
  ];
}
