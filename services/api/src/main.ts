import { runService } from '@paceline/shared/runtime';
import { readConfig } from './config.ts';
import { startApi } from './service.ts';

const config = readConfig();
await runService({ name: 'api', config, start: startApi, leaveMs: config.API_SHUTDOWN_DELAY });
