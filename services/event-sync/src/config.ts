import { loadConfigOrExit } from '@paceline/shared/config';
import { type SyncConfig, syncVariables } from '@paceline/shared/sync';

export const readConfig = (): SyncConfig => loadConfigOrExit(syncVariables);
