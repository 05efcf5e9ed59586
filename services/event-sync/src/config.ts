import {
  brokerTlsVariables,
  type Config,
  freshnessVariableNames,
  loadConfigOrExit,
} from '@paceline/shared/config';
import { type Sync, syncVariables } from '@paceline/shared/sync';
import type { Goals } from '@paceline/shared/definition';

export const eventSyncVariables = [...syncVariables, ...freshnessVariableNames] as const;

export type EventSyncConfig = Config<(typeof eventSyncVariables)[number]>;

export const readConfig = (): EventSyncConfig => loadConfigOrExit(eventSyncVariables, brokerTlsVariables);

/** What the event flows need. */
export interface EventSync extends Sync {
  readonly goals: Goals;
}
