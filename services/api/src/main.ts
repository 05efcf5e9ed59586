import { runService } from '@paceline/shared/runtime';
import { readConfig } from './config.ts';
import { startApi } from './service.ts';

await runService({ name: 'api', config: readConfig(), start: startApi });
