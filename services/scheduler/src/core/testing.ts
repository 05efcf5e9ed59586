import { settingsOf } from '@paceline/planning/slots';
import { loadConfig, slotVariableNames } from '@paceline/shared/config';
import type { SchedulePeriod, ScheduleSettings } from '@paceline/shared/contracts';

export const settingsBy = (env: Record<string, string> = {}): ScheduleSettings =>
  settingsOf(loadConfig(env, slotVariableNames));

export const always = (env: Record<string, string> = {}): SchedulePeriod[] => [
  { since: 0, settings: settingsBy(env) },
];
