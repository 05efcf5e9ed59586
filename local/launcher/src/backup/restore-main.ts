import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadEnvFile } from 'node:process';
import { defaultStateFolder as stateFolder, root } from '../paths.ts';
import { restore } from './commands.ts';

// As `npm start` does: what is set for it holds for its backups.
const envFile = join(root, '.env');
if (existsSync(envFile)) loadEnvFile(envFile);

const { log: out, error } = console;
process.exit(await restore(process.argv.slice(2), { env: process.env, stateFolder, out, error }));
