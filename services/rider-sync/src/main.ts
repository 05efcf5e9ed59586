import { runService } from '@paceline/shared/runtime';
import { readConfig } from './config.ts';
import { startRiderSync } from './service.ts';

await runService({ name: 'rider-sync', config: readConfig(), start: startRiderSync });
