import { brokerTlsVariables, type Config, loadConfigOrExit } from '@paceline/shared/config';
import { syncVariables } from '@paceline/shared/sync';

const needed = [...syncVariables, 'ZWIFTRACING_CLUB_IDS'] as const;

export type RiderSyncConfig = Config<(typeof needed)[number]>;

export const readConfig = (): RiderSyncConfig => loadConfigOrExit(needed, brokerTlsVariables);
