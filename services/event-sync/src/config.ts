import {
  brokerTlsVariables,
  callPlanVariableNames,
  type Config,
  loadConfigOrExit,
} from '@paceline/shared/config';
import type { ScheduleBucket } from '@paceline/shared/messaging';
import { type Sync, syncVariables } from '@paceline/shared/sync';
import type { Rules } from './core/call-plan/plan.ts';

export const eventSyncVariables = [...syncVariables, ...callPlanVariableNames] as const;

export type EventSyncConfig = Config<(typeof eventSyncVariables)[number]>;

export const readConfig = (): EventSyncConfig => loadConfigOrExit(eventSyncVariables, brokerTlsVariables);

/** What the event flows need. */
export interface EventSync extends Sync {
  readonly rules: Rules;
  /** The schedule in force. */
  readonly schedule: ScheduleBucket;
}
