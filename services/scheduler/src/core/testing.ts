import { settingsOf } from '@paceline/planning/slots';
import { loadConfig, slotVariableNames } from '@paceline/shared/config';
import type { SchedulePeriod, ScheduleSettings } from '@paceline/shared/contracts';

export const settingsFrom = (env: Record<string, string> = {}): ScheduleSettings =>
  settingsOf(loadConfig(env, slotVariableNames));

export const fixedSchedule = (env: Record<string, string> = {}): SchedulePeriod[] => [
  { since: 0, settings: settingsFrom(env) },
];
