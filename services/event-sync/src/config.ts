import { brokerTlsVariables, type Config, loadConfigOrExit } from '@paceline/shared/config';
import { type Sync, syncVariables } from '@paceline/shared/sync';
import type { Goals } from './core/freshness.ts';

export const eventSyncVariables = [
  ...syncVariables,
  'FRESHNESS_URGENT',
  'FRESHNESS_NEAR',
  'FRESHNESS_FAR',
] as const;

export type EventSyncConfig = Config<(typeof eventSyncVariables)[number]>;

export const readConfig = (): EventSyncConfig => loadConfigOrExit(eventSyncVariables, brokerTlsVariables);

/** How fresh signups are to be kept. */
export const goalsOf = (config: EventSyncConfig): Goals => ({
  urgent: config.FRESHNESS_URGENT,
  near: config.FRESHNESS_NEAR,
  far: config.FRESHNESS_FAR,
});

/** What the syncs of events work with. */
export interface EventSync extends Sync {
  readonly goals: Goals;
}
