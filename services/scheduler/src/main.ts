import { runService } from '@paceline/shared/runtime';
import { readConfig } from './config.ts';
import { startScheduler } from './service.ts';

await runService({ name: 'scheduler', config: readConfig(), start: startScheduler });
