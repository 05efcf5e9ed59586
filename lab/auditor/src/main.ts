import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadEnvFile } from 'node:process';
import { terminal } from '@paceline/kit/arguments';
import { run } from './run.ts';

// As `npm start` does: what is set for it holds for whoever looks at it.
const envFile = join(import.meta.dirname, '../../../.env');
if (existsSync(envFile)) loadEnvFile(envFile);

// A broker that did not answer would still be waited for.
process.exit(await run(process.argv.slice(2), process.env, terminal));
