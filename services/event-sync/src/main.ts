import { runService } from '@paceline/shared/runtime';
import { readConfig } from './config.ts';
import { startEventSync } from './service.ts';

await runService({ name: 'event-sync', config: readConfig(), start: startEventSync });
