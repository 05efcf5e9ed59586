import { brokerTlsVariables, type Config, loadConfigOrExit } from '@paceline/shared/config';
import { type Sync, syncVariables } from '@paceline/shared/sync';
import type { RiderCalls } from './adapters/rider-calls.ts';
import type { BulkBatcher } from './flows/batcher.ts';
import type { Cancellations } from './flows/command.ts';

export const riderSyncVariables = [...syncVariables, 'ZWIFTRACING_CLUB_IDS'] as const;

export type RiderSyncConfig = Config<(typeof riderSyncVariables)[number]>;

export const readConfig = (): RiderSyncConfig => loadConfigOrExit(riderSyncVariables, brokerTlsVariables);

/** What the rider flows need. */
export interface RiderSync extends Sync {
  readonly riderCalls: RiderCalls;
  readonly batcher: BulkBatcher;
  readonly cancellations: Cancellations;
  readonly clubIds: readonly number[];
}
