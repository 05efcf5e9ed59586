import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadEnvFile } from 'node:process';
import { terminal } from '@paceline/kit/arguments';
import { run } from './run.ts';

// The same configuration that `npm start` uses.
const envFile = join(import.meta.dirname, '../../../.env');
if (existsSync(envFile)) loadEnvFile(envFile);

// A pending connection to an unreachable broker would keep the process alive.
process.exit(await run(process.argv.slice(2), process.env, terminal));
