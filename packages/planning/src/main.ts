import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadEnvFile } from 'node:process';
import { createClock } from '@paceline/shared/clock';
import { loadConfigOrExit } from '@paceline/shared/config';
import { planVariables, run } from './run.ts';

// Like `npm start`, so that it checks the plan that will be used.
const envFile = join(import.meta.dirname, '../../../.env');
if (existsSync(envFile)) loadEnvFile(envFile);

const output = { out: console.log, error: console.error };
process.exitCode = run(process.argv.slice(2), loadConfigOrExit(planVariables), createClock().now(), output);
