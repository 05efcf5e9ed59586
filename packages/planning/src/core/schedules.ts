import type { Config } from '@paceline/shared/config';
import { type ScheduleSettings, syncKinds } from '@paceline/shared/contracts';
import type { Schedule } from './slots.ts';

/** The variables that say when the slots are, and what is done in them. */
export const slotVariables = [
  'SLOT_TIME_ZONE',
  'SYNC_RIDER',
  'SLOT_RIDER',
  'SLOT_RIDER_DURATION',
  'SLOT_RIDER_SKIP',
  'SLOT_RIDER_CATCH_UP',
  'SYNC_NEAR',
  'SLOT_NEAR',
  'SLOT_NEAR_DURATION',
  'SLOT_NEAR_SKIP',
  'SLOT_NEAR_CATCH_UP',
  'SYNC_FAR',
  'SLOT_FAR',
  'SLOT_FAR_DURATION',
  'SLOT_FAR_SKIP',
  'SLOT_FAR_CATCH_UP',
  'SYNC_RESULTS',
  'SLOT_RESULTS',
  'SLOT_RESULTS_DURATION',
  'SLOT_RESULTS_SKIP',
  'SLOT_RESULTS_CATCH_UP',
] as const;

/** The schedule that a configuration means. */
export function settingsOf(config: Config<(typeof slotVariables)[number]>): ScheduleSettings {
  const settings = <K extends 'RIDER' | 'NEAR' | 'FAR' | 'RESULTS'>(kind: K) => ({
    mode: config[`SYNC_${kind}`],
    opens: config[`SLOT_${kind}`],
    durationMs: config[`SLOT_${kind}_DURATION`],
    skip: config[`SLOT_${kind}_SKIP`],
    catchUp: config[`SLOT_${kind}_CATCH_UP`],
  });
  return {
    timeZone: config.SLOT_TIME_ZONE,
    kinds: {
      rider: settings('RIDER'),
      near: settings('NEAR'),
      far: settings('FAR'),
      results: settings('RESULTS'),
    },
  };
}

/** When each kind that is not off has its slots. */
export const schedulesOf = ({ timeZone, kinds }: ScheduleSettings): Schedule[] =>
  syncKinds
    .filter((kind) => kinds[kind].mode !== 'off')
    .map((kind) => ({
      kind,
      opens: kinds[kind].opens,
      durationMs: kinds[kind].durationMs,
      skip: kinds[kind].skip,
      timeZone,
    }));
