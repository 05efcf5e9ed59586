import { kindNames } from '@paceline/shared/definition';
import { type Config, slotSettingsOf, type slotVariableNames } from '@paceline/shared/config';
import { type ScheduleSettings } from '@paceline/shared/contracts';
import type { Schedule } from './slots.ts';

/** The schedule that a configuration means. */
export const settingsOf = (config: Config<(typeof slotVariableNames)[number]>): ScheduleSettings => ({
  timeZone: config.SLOT_TIME_ZONE,
  kinds: slotSettingsOf(config),
});

/** When each kind that is not off has its slots. */
export const schedulesOf = ({ timeZone, kinds }: ScheduleSettings): Schedule[] =>
  kindNames
    .filter((kind) => kinds[kind].mode !== 'off')
    .map((kind) => ({
      kind,
      opens: kinds[kind].opens,
      durationMs: kinds[kind].durationMs,
      skip: kinds[kind].skip,
      timeZone,
    }));
