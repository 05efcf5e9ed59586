import { brokerTlsVariables, type Config, loadConfigOrExit } from '@paceline/shared/config';
import { type Sync, syncVariables } from '@paceline/shared/sync';
import type { BulkBatcher } from './flows/batcher.ts';

const needed = [...syncVariables, 'ZWIFTRACING_CLUB_IDS'] as const;

export type RiderSyncConfig = Config<(typeof needed)[number]>;

export const readConfig = (): RiderSyncConfig => loadConfigOrExit(needed, brokerTlsVariables);

/** What the syncs of riders work with. */
export interface RiderSync extends Sync {
  readonly batcher: BulkBatcher;
  readonly clubIds: readonly number[];
}
