import { runService } from '@paceline/shared/runtime';
import { readConfig } from './config.ts';
import { startLimiter } from './service.ts';

await runService({ name: 'limiter', config: readConfig(), start: startLimiter });
